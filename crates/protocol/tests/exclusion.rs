//! Exclusions are explained by what must not be.
#![allow(clippy::unwrap_used, clippy::panic)]

use rules::{Value, Values, Verdict};
use std::path::Path;

#[test]
fn an_exclusion_is_explained_by_what_must_not_be() {
    let study = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../studies/jcog1017");
    let compiled = protocol::load(&study).unwrap_or_else(|_| panic!("JCOG1017 loads")).compiled;
    let brain = |found: bool| {
        let mut values = Values::new(&compiled.dictionary);
        values
            .set(&compiled.dictionary, "first_registration.brain_metastasis", Value::Boolean(found))
            .unwrap();
        let judged = compiled.judge("first_registration", &values);
        let (criterion, verdict) = judged.into_iter().find(|(c, _)| c.id == "E1").unwrap();
        (verdict, criterion.rule.explain(&values, &compiled.dictionary).text)
    };
    let (absent, why) = brain(false);
    assert_eq!((absent, why.en.as_str()), (Verdict::True, "Brain metastasis is no, as required"));
    let (present, why) = brain(true);
    assert_eq!((present, why.en.as_str()), (Verdict::False, "Brain metastasis is yes, must be no"));
    assert_eq!(why.ja, "脳転移は「はい」（「いいえ」であること）");
}
