# Timings of R's engines on a file of `speed generate`. Usage: Rscript peers.R FILE TASK REPEATS
suppressMessages({library(survival); library(cmprsk)})
args <- commandArgs(TRUE); file <- args[1]; task <- args[2]; repeats <- as.integer(args[3])
n <- file.info(file)$size / 8 / 13
m <- matrix(readBin(file, "double", n * 13), ncol = 13)
time <- m[, 1]; event <- m[, 2]; X <- m[, 3:12]; cause <- m[, 13]; g <- m[, 12]
S <- Surv(time, event); rn <- as.character(seq_len(n)); ctl <- coxph.control()
batch <- max(1, 20000 %/% n)
best <- Inf
for (r in seq_len(repeats)) {
  gc(FALSE)
  t <- system.time(for (b in seq_len(batch)) check <- switch(task,
    cox = survival:::coxph.fit(X, S, NULL, NULL, NULL, ctl, NULL, "efron", rn, resid = FALSE)$coefficients[1],
    cox1 = survival:::coxph.fit(X[, 10, drop = FALSE], S, NULL, NULL, NULL, ctl, NULL, "efron", rn,
                                resid = FALSE)$coefficients[1],
    km = sum(survfit(S ~ 1, conf.type = "log-log")$surv),
    logrank = survdiff(S ~ g)$chisq,
    finegray = crr(time, cause, X[, 1:2], failcode = 1, cencode = 0, gtol = 1e-10)$coef[1],
    gray = cuminc(time, cause, g)$Tests[1, 1]))
  best <- min(best, sum(t[1:2]) / batch)
}
engine <- if (task %in% c("cox", "cox1")) "R-fit" else "R"
cat(sprintf("%s\t%d\t%s\t%.9f\t%.12f\n", task, as.integer(n), engine, best, check))
if (task %in% c("cox", "cox1")) {
  # The C routine alone, on rows that are sorted already.
  rows <- order(time); Z <- if (task == "cox") X[rows, ] else X[rows, 10, drop = FALSE]; p <- ncol(Z)
  a <- list(time[rows], as.integer(event[rows]), Z, rep(0, n), rep(1, n), integer(n))
  best <- Inf
  for (r in seq_len(repeats)) {
    t <- system.time(for (b in seq_len(batch)) f <- .Call(survival:::Ccoxfit6, 20L, a[[1]], a[[2]], a[[3]], a[[4]], a[[5]],
      a[[6]], 1L, ctl$eps, ctl$toler.chol, rep(0, p), rep(1L, p)))
    best <- min(best, sum(t[1:2]) / batch)
  }
  cat(sprintf("%s\t%d\tR-C\t%.9f\t%.12f\n", task, as.integer(n), best, f$coef[1]))
}
