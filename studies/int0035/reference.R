# R's numbers for Intergroup 0035: makes reference.json. Run in this folder:  Rscript reference.R
# Needs the package survival. Each number has the call that gives it; `d` are the rows of data/colon.csv as prepared here.
suppressPackageStartupMessages(library(survival))
raw <- read.csv("data/colon.csv")
raw$arm <- factor(c("Obs" = "obs", "Lev" = "lev", "Lev+5FU" = "lev_5fu")[raw$rx], levels = c("obs", "lev", "lev_5fu"))
word <- function(x, words) factor(words[match(x, as.integer(names(words)))], levels = unname(words))
raw$sex <- word(raw$sex, c("0" = "female", "1" = "male"))
raw$more_than_4_nodes <- word(raw$node4, c("0" = "false", "1" = "true"))
raw$differentiation <- word(raw$differ, c("1" = "well", "2" = "moderate", "3" = "poor"))
raw$obstruction <- word(raw$obstruct, c("0" = "false", "1" = "true"))
raw$adherence <- word(raw$adhere, c("0" = "false", "1" = "true"))
raw$surgery_interval <- word(raw$surg, c("0" = "short", "1" = "long"))
recurrence <- raw[raw$etype == 1, ]
death <- raw[raw$etype == 2, ]
either <- recurrence
death <- death[match(recurrence$id, death$id), ]
either$status <- as.integer(recurrence$status == 1 | death$status == 1)
either$time <- ifelse(recurrence$status == 1, recurrence$time, ifelse(death$status == 1, death$time, recurrence$time))
both <- recurrence$status == 1 & death$status == 1
either$time[both] <- pmin(recurrence$time, death$time)[both]

records <- character()
quote <- function(x) paste0('"', gsub('"', '\\\\"', x), '"')
# `scale`: for the difference of two large numbers, the size against which a deviation is measured.
add <- function(analysis, method, stat, value, call, group = NULL, level = NULL, contrast = NULL, scale = NULL) {
  if (is.null(value) || is.na(value)) return(invisible())
  field <- function(name, x) if (is.null(x)) NULL else paste0(quote(name), ": ", quote(x))
  fields <- c(field("analysis", analysis), field("method", method), field("group", group), field("level", level),
    field("contrast", contrast), field("stat", stat), paste0('"value": ', sprintf("%.17g", value)),
    if (!is.null(scale)) paste0('"scale": ', scale), field("call", call))
  records[[length(records) + 1]] <<- paste0("    { ", paste(fields, collapse = ", "), " }")
}
control <- coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 50)
years <- c(1, 3, 5, 7)

curves <- function(id, d) {
  call <- "survfit(Surv(time, status) ~ arm, d, conf.type = 'log-log')"
  fit <- survfit(Surv(time, status) ~ arm, d, conf.type = "log-log")
  tab <- summary(fit)$table
  q <- quantile(fit, 0.5)
  for (a in levels(d$arm)) {
    s <- paste0("arm=", a)
    put <- function(...) add(id, "kaplan-meier", ..., group = a)
    put("n", tab[s, "records"], call)
    put("events", tab[s, "events"], call)
    put("median", q$quantile[s, 1], paste0("quantile(", call, ", 0.5)"))
    put("median_lower", q$lower[s, 1], paste0("quantile(", call, ", 0.5)"))
    put("median_upper", q$upper[s, 1], paste0("quantile(", call, ", 0.5)"))
    reverse <- survfit(Surv(time, 1 - status) ~ 1, d[d$arm == a, ], conf.type = "log-log")
    add(id, "reverse-kaplan-meier", "median", quantile(reverse, 0.5)$quantile[[1]],
      paste0("quantile(survfit(Surv(time, 1 - status) ~ 1, d[d$arm == '", a, "', ]), 0.5)"), group = a)
    at <- summary(fit[match(s, names(fit$strata))], times = 365.25 * years, extend = TRUE)
    for (i in seq_along(years)) {
      level <- paste(years[i], if (years[i] == 1) "year" else "years")
      told <- paste0("summary(", call, ", times = 365.25 * ", years[i], ")")
      put2 <- function(stat, value) add(id, "kaplan-meier", stat, value, told, group = a, level = level)
      put2("survival", at$surv[i]); put2("lower", at$lower[i]); put2("upper", at$upper[i])
      put2("std_err", at$std.err[i]); put2("at_risk", at$n.risk[i])
    }
  }
}

test <- function(id, d, strata) {
  by <- if (strata) " + strata(extent, surg, node4)" else ""
  method <- if (strata) "stratified log-rank" else "log-rank"
  call <- paste0("survdiff(Surv(time, status) ~ arm", by, ", d)")
  fit <- eval(parse(text = call))
  sum2 <- function(x) if (is.matrix(x)) rowSums(x) else x
  arms <- levels(d$arm)
  for (i in seq_along(arms)) {
    add(id, method, "observed", sum2(fit$obs)[i], call, group = arms[i])
    add(id, method, "expected", sum2(fit$exp)[i], call, group = arms[i])
  }
  level <- if (length(arms) == 2) paste0(arms[2], "/", arms[1]) else "all"
  add(id, method, "chi_square", fit$chisq, call, level = level)
  add(id, method, "p", pchisq(fit$chisq, length(arms) - 1, lower.tail = FALSE), call, level = level)
}

ratios <- function(id, d, call, method = "cox", level = NULL) {
  fit <- eval(parse(text = call))
  s <- summary(fit)
  arms <- levels(d$arm)
  for (i in seq_along(arms)[-1]) {
    contrast <- paste0(arms[i], "/", arms[1])
    put <- function(stat, value) {
      if (is.null(level)) add(id, method, stat, value, call, level = contrast)
      else add(id, method, stat, value, call, level = level, contrast = contrast)
    }
    put("hazard_ratio", s$conf.int[i - 1, 1]); put("lower", s$conf.int[i - 1, 3]); put("upper", s$conf.int[i - 1, 4])
    put("coefficient", s$coefficients[i - 1, 1]); put("std_err", s$coefficients[i - 1, 3])
    put("wald_p", pchisq((s$coefficients[i - 1, 1] / s$coefficients[i - 1, 3])^2, 1, lower.tail = FALSE))
  }
}

subgroups <- function(id, d) {
  for (item in c("sex", "more_than_4_nodes", "differentiation", "obstruction", "adherence", "surgery_interval")) {
    path <- paste0("randomisation.", item)
    for (l in levels(d[[item]])) {
      level <- paste0(path, "=", l)
      sub <- d[which(d[[item]] == l), ]
      where <- paste0("d[which(d$", item, " == '", l, "'), ]")
      for (a in levels(d$arm)) {
        add(id, "cox-subgroup", "n", sum(sub$arm == a), paste0("table(", where, "$arm)"), group = a, level = level)
        add(id, "cox-subgroup", "events", sum(sub$status[sub$arm == a]), paste0("tapply(status, arm, sum), ", where),
          group = a, level = level)
      }
      ratios(id, d, paste0("coxph(Surv(time, status) ~ arm, ", where, ", control = control)"), "cox-subgroup", level)
    }
    known <- d[!is.na(d[[item]]), ]
    main <- coxph(as.formula(paste("Surv(time, status) ~ arm +", item)), known, control = control)
    full <- coxph(as.formula(paste("Surv(time, status) ~ arm *", item)), known, control = control)
    chi <- 2 * (full$loglik[2] - main$loglik[2])
    df <- length(coef(full)) - length(coef(main))
    call <- paste0("anova(coxph(~ arm + ", item, "), coxph(~ arm * ", item, "))")
    add(id, "cox-subgroup", "interaction_chi_square", chi, call, level = path, scale = sprintf("%.17g", max(1, chi)))
    add(id, "cox-subgroup", "interaction_p", pchisq(chi, df, lower.tail = FALSE), call, level = path)
  }
}

analyse <- function(id, d, arms, strata = FALSE, sub = FALSE) {
  d <- d[d$arm %in% arms, ]
  d$arm <- factor(d$arm, levels = arms)
  # The calls are evaluated here and in the functions below, where the rows are called d.
  assign("d", d, envir = globalenv())
  assign("control", control, envir = globalenv())
  curves(id, d)
  test(id, d, strata)
  by <- if (strata) " + strata(extent, surg, node4)" else ""
  ratios(id, d, paste0("coxph(Surv(time, status) ~ arm", by, ", d, control = control)"))
  if (sub) subgroups(id, d)
}

all <- c("obs", "lev", "lev_5fu")
for (e in c("recurrence", "survival")) {
  d0 <- if (e == "recurrence") recurrence else death
  analyse(e, d0, all)
  analyse(paste0(e, "_lev"), d0, c("obs", "lev"))
  analyse(paste0(e, "_lev_5fu"), d0, c("obs", "lev_5fu"), sub = TRUE)
  analyse(paste0(e, "_stratified"), d0, all, strata = TRUE)
}
analyse("relapse_free", either, all)

writeLines(c(
  "{",
  paste0('  "engine": ', quote(paste0("R ", getRversion(), " survival ", packageDescription("survival")$Version)), ","),
  '  "made_by": "reference.R",',
  paste0('  "data": { "name": "colon.csv", "sha256": ', quote(sub(" .*", "", system("sha256sum data/colon.csv", intern = TRUE))), " },"),
  '  "prepared": "d: rows of one endpoint, arms as named in the analysis, first arm the reference; control: coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 50)",',
  '  "records": [',
  paste(records, collapse = ",\n"),
  "  ]",
  "}"), "reference.json")
cat(length(records), "numbers\n")
