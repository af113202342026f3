fn main() {
    let a: Vec<String> = std::env::args().collect();
    let study = std::path::Path::new(&a[1]);
    let letters = match report::letter::Letters::load(study) {
        Ok(l) => l.unwrap(),
        Err(d) => {
            println!("{}", protocol::render(&d, words::Lang::Ja, false));
            return;
        }
    };
    let found = letters.check();
    println!("{}", protocol::render(&found, words::Lang::Ja, false));
    if let Some(r) = a.get(2) {
        let results: analysis::Results = serde_json::from_slice(&std::fs::read(r).unwrap()).unwrap();
        let loaded = protocol::load(study).unwrap();
        for (kind, lang) in letters.texts().collect::<Vec<_>>() {
            for (reader, large, n) in [
                (report::letter::Reader::Participant, false, ""),
                (report::letter::Reader::Bereaved, false, ".bereaved"),
                (report::letter::Reader::Participant, true, ".large"),
            ] {
                let mut ask = report::letter::Ask::new(kind, lang);
                ask.reader = reader;
                ask.large = large;
                match letters.draft(ask, &results, &loaded.compiled) {
                    Ok(d) => {
                        println!(
                            "{} {lang}: {} findings, {} unreviewed {:?}",
                            kind.name(),
                            d.findings.len(),
                            d.unreviewed.len(),
                            d.answers
                        );
                        if n.is_empty() {
                            println!("{}", protocol::render(&d.findings, words::Lang::Ja, false));
                        }
                        std::fs::write(
                            format!("{}/{}.{lang}{n}.html", a[3], kind.name()),
                            report::page(&d.document),
                        )
                        .unwrap();
                    }
                    Err(d) => println!("{}", protocol::render(&d, words::Lang::Ja, false)),
                }
            }
        }
    }
}
