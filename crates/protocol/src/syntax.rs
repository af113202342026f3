//! Broken YAML in a data manager's words.

use granit_parser::ErrorKind as E;
use words::Text;

pub fn is_tab(kind: &E) -> bool {
    use E::*;
    matches!(
        kind,
        TabNotAllowed | TabInBlockIndentation | TabAtBlockScalarStart | TabInIndentation | TabInPlainScalar
    )
}

/// One sentence on what is wrong, and what to do.
pub fn words(kind: &E) -> (Text, Text) {
    use E::*;
    let (ja, en, hint_ja, hint_en) = match kind {
        k if is_tab(k) => (
            "字下げにタブが使われています。",
            "A tab is used where YAML wants spaces.",
            "タブを半角の空白 2 つずつに置き換えてください。",
            "Replace each tab with two spaces.",
        ),
        UnclosedQuotedScalar | DocumentIndicatorInQuotedScalar => (
            "引用符が閉じられていません。",
            "A quotation mark is never closed.",
            "始まりと同じ引用符（' または \"）で閉じてください。",
            "Close it with the same mark (' or \") that opened it.",
        ),
        UnclosedFlowCollection { .. }
        | UnexpectedEofFlowSequence
        | UnexpectedEofFlowMapping
        | UnexpectedEofImplicitFlowMapping
        | MisplacedFlowCollectionEnd
        | MismatchedFlowCollectionEnd { .. }
        | ExpectedFlowMappingSeparator
        | ExpectedFlowSequenceSeparator => (
            "括弧 [ ] または { } の対応が取れていません。",
            "Brackets [ ] or { } do not match, or a comma is missing.",
            "括弧を閉じ、要素の間に「,」を書いてください。規則の中で括弧や「: 」を使うときは、行を「|」で始めるか引用符で囲みます。",
            "Close the bracket and put `,` between elements. A rule with brackets or `: ` goes into quotes or below a `|`.",
        ),
        UnknownQuotedScalarEscape | InvalidQuotedScalarHexEscape | InvalidUnicodeEscape => (
            "「\\」の後の文字が分かりません。",
            "The character after `\\` is not a known escape.",
            "\"…\" の中で「\\」そのものは「\\\\」と書きます。'…' の中なら「\\」のままで構いません。",
            "Inside \"…\" a backslash is written `\\\\`; inside '…' it stands for itself.",
        ),
        InvalidTrailingSingleQuotedScalar | InvalidTrailingDoubleQuotedScalar => (
            "引用符で閉じた後に余分な文字があります。",
            "There is text after the closing quotation mark.",
            "値全体を引用符で囲むか、行を「|」で始めてください。",
            "Put the whole value in quotes, or below a `|`.",
        ),
        MappingValueNotAllowed
        | InvalidColonPlacement
        | SimpleKeyExpected
        | InvalidSimpleKey
        | MappingKeyNotAllowed => (
            "ここに「名前: 値」は書けません。",
            "A `name: value` does not fit here.",
            "字下げと、上の行の括弧・引用符の閉じ忘れを確かめてください。値の中の「: 」は引用符で囲みます。",
            "Check indentation, and quotes and brackets in the lines above. A value that contains `: ` goes in quotes.",
        ),
        RecursionLimitExceeded => (
            "入れ子が深すぎます。",
            "The nesting is too deep.",
            "プロトコルにこの深さは要りません。括弧の閉じ忘れを確かめてください。",
            "No protocol needs this depth; look for a bracket that was not closed.",
        ),
        UnexpectedCharacter { .. } | PlainScalarStartsWithDashFlowIndicator | UnexpectedEndOfPlainScalar => (
            "この文字で値を始めることはできません。",
            "A value cannot begin with this character.",
            "値を引用符で囲んでください。",
            "Put the value in quotes.",
        ),
        _ => (
            "YAML として読めません。",
            "This cannot be read as YAML.",
            "この行と上の行の字下げ、「:」と「-」の後の空白、引用符と括弧の閉じ忘れを確かめてください。",
            "Check indentation, the space after `:` and `-`, and quotes and brackets, here and in the lines above.",
        ),
    };
    (Text::new(ja, en), Text::new(hint_ja, hint_en))
}
