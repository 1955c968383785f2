//! What is not known of a template, and what is wrong with it, in words.

use posture::Lang;
use template::expand::{Note, NoteKind};
use template::{FaultKind, What, Why, plan};

/// Why a value is not known.
pub(crate) fn why(why: &Why, lang: Lang) -> String {
    let (en, ja) = match why {
        Why::Parameter(name) => (
            format!("the parameter `{name}` has no value; give one with --parameters"),
            format!("パラメーター `{name}` に値がありません。--parameters で指定できます"),
        ),
        Why::Secret(name) => (
            format!("the value of `{name}` is a secret, and not read"),
            format!("`{name}` はシークレットのため読み取りません"),
        ),
        Why::KeyVault(name) => (
            format!("the parameter `{name}` is read from a Key Vault at deployment"),
            format!("パラメーター `{name}` はデプロイ時に Key Vault から読み取られます"),
        ),
        Why::Runtime(name) => (
            format!("Azure tells `{name}` at deployment"),
            format!("`{name}` はデプロイ時に Azure が返す値です"),
        ),
        Why::EachTime(name) => {
            (format!("`{name}` gives another value each time"), format!("`{name}` の値は毎回変わります"))
        }
        Why::Generated(name) => (
            format!("`{name}` is worked out by Azure alone"),
            format!("`{name}` の値は Azure だけが計算できます"),
        ),
        Why::Scope(name) => (
            format!(
                "`{name}` depends on where this is deployed; see --subscription, --resource-group and --location"
            ),
            format!(
                "`{name}` はデプロイ先で決まります。--subscription、--resource-group、--location で指定できます"
            ),
        ),
        Why::Link(name) => (
            format!("the linked template of `{name}` is not at hand"),
            format!("`{name}` のリンク先テンプレートが手元にありません"),
        ),
        Why::Existing(name) => (
            format!("`{name}` is not deployed by this template"),
            format!("`{name}` はこのテンプレートではデプロイされません"),
        ),
        Why::Twice(name) => (
            format!("`{name}` is said twice, and not the same"),
            format!("`{name}` が 2 か所で異なる内容で指定されています"),
        ),
        Why::Condition(name) if name.is_empty() => (
            "whether it is deployed depends on what is not known".to_owned(),
            "デプロイされるかどうかが、不明な値によって決まります".to_owned(),
        ),
        Why::Condition(name) => (
            format!("whether it is deployed depends on `{name}`, which is not known"),
            format!("デプロイされるかどうかが、値が不明な `{name}` によって決まります"),
        ),
        Why::Fault => (
            "the template is at fault here; the error tells where".to_owned(),
            "テンプレートに誤りがあります (エラーの箇所を参照)".to_owned(),
        ),
        Why::Apply(name) => (
            format!("`{name}` is known after apply"),
            format!("`{name}` は適用後に決まります (known after apply)"),
        ),
        Why::Sensitive(name) => {
            (format!("`{name}` is sensitive, and not read"), format!("`{name}` は機密値のため読み取りません"))
        }
    };
    match lang {
        Lang::En => en,
        Lang::Ja => ja,
    }
}

/// What is not known before the deployment.
pub(super) fn note(note: &Note, lang: Lang) -> String {
    let (en, ja) = match &note.kind {
        NoteKind::Parameter(name) => (
            format!(
                "the parameter `{name}` has no value: what depends on it is unknown; give one with --parameters"
            ),
            format!(
                "パラメーター `{name}` に値がないため、依存する値は不明として扱います。--parameters で指定できます"
            ),
        ),
        NoteKind::Condition { resource, why: reason } => (
            format!(
                "whether `{resource}` is deployed is not known ({}); it is judged as if it were",
                why(reason, lang)
            ),
            format!(
                "`{resource}` がデプロイされるかどうか不明です ({})。デプロイされるものとして判定します",
                why(reason, lang)
            ),
        ),
        NoteKind::Link(what) if what.is_empty() => (
            "a linked template is not at hand: what it deploys is not looked at".to_owned(),
            "リンク先のテンプレートが手元にないため、その内容は対象外です".to_owned(),
        ),
        NoteKind::Link(what) => (
            format!("the linked template `{what}` is not at hand: what it deploys is not looked at"),
            format!("リンク先のテンプレート `{what}` が手元にないため、その内容は対象外です"),
        ),
        NoteKind::Count { name, why: reason } => (
            format!(
                "how often the loop `{name}` runs is not known ({}); one turn is judged for all",
                why(reason, lang)
            ),
            format!(
                "ループ `{name}` の回数が不明です ({})。1 回分だけを展開して判定します",
                why(reason, lang)
            ),
        ),
    };
    match lang {
        Lang::En => en,
        Lang::Ja => ja,
    }
}

/// A change of which a preview does not tell what will be there.
pub(super) fn unsupported(id: &str, lang: Lang) -> String {
    match lang {
        Lang::En => format!("the preview does not tell what `{id}` will be: it is not looked at"),
        Lang::Ja => format!("`{id}` の変更後の状態がプレビューに含まれていないため、対象外です"),
    }
}

/// What of a plan was not converted, or not as surely as the rest.
pub(super) fn plan_note(note: &plan::Note, file: &str, lang: Lang) -> String {
    let (kind, count) = (&note.kind, note.count);
    let (en, ja) = match note.what {
        plan::NoteKind::Skipped => {
            (format!("{count} of `{kind}` not looked at"), format!("`{kind}` {count} 件は対象外です"))
        }
        plan::NoteKind::Index => (
            format!(
                "{count} references by `{kind}` are taken for those of the same instance; a plan does not tell whether it reckons with it"
            ),
            format!(
                "`{kind}` による参照 {count} 件は、同じ番号のインスタンスへの参照とみなします (計算の有無はプランから分かりません)"
            ),
        ),
        plan::NoteKind::Detached => (
            format!(
                "{count} of `{kind}` end on what the plan does not hold: what is there is not known any more"
            ),
            format!(
                "`{kind}` {count} 件の関連付けが解除されます。相手がプランにないため、その状態は不明になります"
            ),
        ),
        plan::NoteKind::Template => (
            format!("{count} of `{kind}` deploy a template that the plan does not tell"),
            format!("`{kind}` {count} 件がデプロイするテンプレートの内容がプランにありません"),
        ),
    };
    match lang {
        Lang::En => format!("{file}: {en}"),
        Lang::Ja => format!("{file}: {ja}"),
    }
}

/// Why a plan does not tell everything.
pub(super) fn partial(kind: &plan::PartialKind, lang: Lang) -> String {
    let (en, ja) = match kind {
        plan::PartialKind::Incomplete => (
            "the plan is not complete (`-target`, or deferred changes): what it leaves out is not looked at"
                .to_owned(),
            "プランが完全ではありません (`-target` または延期された変更)。含まれない部分は対象外です"
                .to_owned(),
        ),
        plan::PartialKind::Errored => (
            "planning failed: the plan does not tell everything".to_owned(),
            "プランの作成が失敗しているため、内容が完全ではありません".to_owned(),
        ),
        plan::PartialKind::Deferred { address } => (
            format!("`{address}` is deferred: what becomes of it is not known"),
            format!("`{address}` は延期されているため、内容は不明です"),
        ),
    };
    match lang {
        Lang::En => en,
        Lang::Ja => ja,
    }
}

/// What is wrong with a template or a plan.
pub(super) fn fault(kind: &FaultKind, lang: Lang) -> String {
    match lang {
        Lang::En => kind.to_string(),
        Lang::Ja => fault_ja(kind),
    }
}

fn fault_ja(kind: &FaultKind) -> String {
    match kind {
        FaultKind::Json(detail) => format!("JSON として読み取れません: {}", detail_ja(detail)),
        FaultKind::TooDeep(limit) => format!("入れ子が {limit} 段を超えています"),
        FaultKind::TooLarge { what, limit } => {
            format!("大きすぎます ({}): 上限は {limit} です", detail_ja(what))
        }
        FaultKind::Expression(detail) => format!("式を解釈できません: {}", detail_ja(detail)),
        FaultKind::NoFunction(name) => format!("関数 `{name}` はありません"),
        FaultKind::Arguments { function, takes } => {
            format!("`{function}` の引数が正しくありません。使い方: {takes}")
        }
        FaultKind::Range { function } => format!("`{function}`: 範囲外です"),
        FaultKind::Missing { what, name } => format!("{} `{name}` がありません", noun(*what)),
        FaultKind::Cycle { what, name } => format!("{} `{name}` の定義が循環しています", noun(*what)),
        FaultKind::Type { name, expected, found } => {
            format!("{name}: {expected} が必要ですが、{found} が指定されています")
        }
        FaultKind::NotAllowed { name, rule } => {
            format!("パラメーター `{name}` の値が `{rule}` に違反しています")
        }
        FaultKind::NoParameter(name) => format!("テンプレートにパラメーター `{name}` がありません"),
        FaultKind::Segments(name) => {
            format!("リソース `{name}`: 種類 (type) と名前 (name) の区切りの数が合いません")
        }
        FaultKind::Twice(name) => format!("リソース `{name}` が重複しています"),
        FaultKind::Depends(name) => format!("`{name}` の `dependsOn` が循環しています"),
        FaultKind::Failed(message) => message.to_string(),
        FaultKind::Not(what) => format!("{} ではありません", detail_ja(what)),
        FaultKind::Lacks(name) => format!("`{name}` がありません"),
        FaultKind::Version(version) => format!("形式バージョン {version} には対応していません"),
    }
}

fn noun(what: What) -> &'static str {
    match what {
        What::Parameter => "パラメーター",
        What::Variable => "変数",
        What::Property => "プロパティ",
        What::Resource => "リソース",
        What::Type => "型",
        What::Copy => "ループ",
        What::LambdaVariable => "ラムダ変数",
        What::Output => "出力",
    }
}

/// What the reader of templates says in a few fixed words. What is not among them stays as it is.
fn detail_ja(detail: &'static str) -> &'static str {
    let found = DETAILS.iter().find(|(en, _)| *en == detail);
    found.map_or(detail, |(_, ja)| *ja)
}

const DETAILS: &[(&str, &str)] = &[
    ("a closing bracket is due", "閉じ角括弧がありません"),
    ("a colon is due", "コロンがありません"),
    ("a comma is due", "コンマがありません"),
    ("a comma or a closing parenthesis is due", "コンマまたは閉じ括弧がありません"),
    ("a comment has no end", "コメントが閉じられていません"),
    ("a function, a text or a number is due", "関数、文字列、数値のいずれかが必要です"),
    ("a name in quotes is due", "引用符で囲んだ名前が必要です"),
    ("a name is due", "名前がありません"),
    ("a number that cannot be read", "数値として読み取れません"),
    ("a text has no end", "文字列が閉じられていません"),
    ("a value is due", "値がありません"),
    ("an opening parenthesis is due", "開き括弧がありません"),
    ("an escape that JSON does not have", "JSON にないエスケープ文字です"),
    ("it is not UTF-8", "UTF-8 ではありません"),
    ("it ends in the middle of a value", "値の途中で終わっています"),
    ("it ends where a value is due", "値の手前で終わっています"),
    ("it is nested too deep", "入れ子が深すぎます"),
    ("something stands behind its end", "末尾の後に余分な文字があります"),
    ("a file, in bytes", "ファイルのバイト数"),
    ("a text, in bytes", "文字列のバイト数"),
    ("delimiters of a text", "区切り文字の数"),
    ("elements of a range", "範囲の要素数"),
    ("elements of a value", "値の要素数"),
    ("pairs that are compared", "比較の組数"),
    ("turns of a loop", "ループの回数"),
    ("values", "値の数"),
    ("work, in steps", "計算量"),
    ("a change of a deployment", "デプロイの変更内容"),
    ("a parameter file", "パラメーター ファイル"),
    ("a Terraform plan or state", "Terraform のプランまたは状態ファイル"),
    ("an ARM template", "ARM テンプレート"),
    ("an ARM template that can be worked out", "展開できる ARM テンプレート"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_in_both_languages() {
        let kind = FaultKind::Json("a comma is due");
        assert_eq!(fault(&kind, Lang::En), "not JSON: a comma is due");
        assert_eq!(fault(&kind, Lang::Ja), "JSON として読み取れません: コンマがありません");
        let kind = FaultKind::TooLarge { what: "turns of a loop", limit: 800 };
        assert_eq!(fault(&kind, Lang::Ja), "大きすぎます (ループの回数): 上限は 800 です");
    }
}
