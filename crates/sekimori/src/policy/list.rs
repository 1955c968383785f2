//! `sekimori policy list`: what becomes of each policy.

use std::fmt::Write;
use std::path::PathBuf;

use policy::{Judgement, Row, Standing};
use posture::Lang;
use report::clean;
use serde_json::{Value, json};

use super::given::{Policies, judge, summary};
use crate::cli::Form;
use crate::{check, output, source};

pub(super) fn run(sources: &[PathBuf], named: &[PathBuf], form: Form, lang: Lang) -> anyhow::Result<u8> {
    let builtin = [PathBuf::from(policy::BUILTIN)];
    let named = if named.is_empty() { builtin.as_slice() } else { named };
    let Some(policies) = Policies::read(named, lang)? else { return Ok(0) };
    let source::Reading { estate, sources, .. } = source::read(sources, lang)?;
    source::tell_problems(&estate, &sources, lang);
    let judgement = judge(&policies, &estate, &sources, &check::now(lang)?, lang);
    let faults = policies.faults(lang);
    faults.iter().for_each(|fault| output::note(&clean(fault)));
    match form {
        Form::Json => output::print_json(&to_json(&judgement))?,
        Form::Text => output::print(&text(&policies, &judgement, lang))?,
    }
    Ok(if faults.is_empty() { 0 } else { 3 })
}

fn text(policies: &Policies, judgement: &Judgement, lang: Lang) -> String {
    let mut out = String::new();
    for row in &judgement.rows {
        let standing = standing(row, lang);
        let by = row.by.as_ref().map(|by| format!(" [{}]", clean(by))).unwrap_or_default();
        let _ = writeln!(out, "{}  {}{by}\n    {standing}", row.check.code, clean(&row.title));
    }
    let _ = writeln!(out, "\n{}", summary(policies, judgement, lang));
    out
}

fn standing(row: &Row, lang: Lang) -> String {
    match (&row.standing, lang) {
        (Standing::Judged { pass, fail, unknown }, Lang::En) => {
            format!("judged: {fail} not met, {pass} met, {unknown} unknown")
        }
        (Standing::Judged { pass, fail, unknown }, Lang::Ja) => {
            format!("判定済み: 不適合 {fail} 件、適合 {pass} 件、不明 {unknown} 件")
        }
        (Standing::Nothing, Lang::En) => "the input holds nothing that it is about".into(),
        (Standing::Nothing, Lang::Ja) => "入力に対象のリソースがありません".into(),
        (Standing::OtherTypes, Lang::En) => "it is about types of resources that are not read".into(),
        (Standing::OtherTypes, Lang::Ja) => "読み取り対象外の種類のリソースに関するポリシーです".into(),
        (Standing::Disabled, Lang::En) => {
            "its effect is `disabled` unless an assignment says otherwise".into()
        }
        (Standing::Disabled, Lang::Ja) => "効果の既定値が `disabled` です (割り当てで変更できます)".into(),
        (Standing::Deprecated, Lang::En) => "deprecated, and nobody has assigned it".into(),
        (Standing::Deprecated, Lang::Ja) => "非推奨の定義で、割り当てられていません".into(),
        (Standing::Parameter(name), Lang::En) => format!("the parameter `{}` has no value", clean(name)),
        (Standing::Parameter(name), Lang::Ja) => format!("パラメーター `{}` に値がありません", clean(name)),
        (Standing::Effect(name), Lang::En) => {
            format!("no state of a resource tells whether `{}` is met", clean(name))
        }
        (Standing::Effect(name), Lang::Ja) => {
            format!("効果 `{}` は、リソースの状態からは判定できません", clean(name))
        }
    }
}

fn to_json(judgement: &Judgement) -> Value {
    let row = |row: &Row| {
        let (name, counts) = match &row.standing {
            Standing::Judged { pass, fail, unknown } => {
                ("judged", Some(json!({"fail": fail, "pass": pass, "unknown": unknown})))
            }
            Standing::Nothing => ("nothing", None),
            Standing::OtherTypes => ("other-types", None),
            Standing::Disabled => ("disabled", None),
            Standing::Deprecated => ("deprecated", None),
            Standing::Parameter(_) => ("parameter", None),
            Standing::Effect(_) => ("effect", None),
        };
        let mut value = json!({
            "code": row.check.code,
            "policy": row.id,
            "title": row.title,
            "standing": name,
            "checkpoint": row.check.checkpoint.name(),
            "severity": row.check.severity.name(),
        });
        if let (Some(counts), Some(members)) = (counts, value.as_object_mut()) {
            members.insert("resources".into(), counts);
        }
        if let (Some(by), Some(members)) = (&row.by, value.as_object_mut()) {
            members.insert("assignment".into(), by.clone().into());
        }
        if let (Standing::Parameter(what) | Standing::Effect(what), Some(members)) =
            (&row.standing, value.as_object_mut())
        {
            members.insert("what".into(), what.clone().into());
        }
        value
    };
    json!({"schema": "sekimori.policies/1", "policies": judgement.rows.iter().map(row).collect::<Vec<_>>()})
}
