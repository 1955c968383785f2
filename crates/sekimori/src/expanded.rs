//! `sekimori expand`: what templates and plans would deploy.

use anyhow::bail;
use posture::Lang;
use serde_json::{Map, Value, json};

use crate::cli::{ExpandArgs, Form};
use crate::output;
use crate::source::{self, Reading};
use crate::template::DEPLOYMENT;

/// A template is at fault, or could not be read in full.
const INCOMPLETE: u8 = 3;

pub(crate) fn run(args: &ExpandArgs, lang: Lang) -> anyhow::Result<u8> {
    let reading = source::read_deployed(&args.templates, &args.target.deploy(), lang)?;
    let Reading { estate, sources, expansion } = &reading;
    if expansion.templates == 0 && estate.problems.is_empty() {
        match lang {
            Lang::En => bail!("`{}` holds no ARM template, Bicep file or Terraform plan", sources.names()),
            Lang::Ja => bail!(
                "`{}` に ARM テンプレート、Bicep ファイル、Terraform プランが含まれていません",
                sources.names()
            ),
        }
    }
    let resources = sources.made().map(|(body, address)| resource(body, address, lang));
    let resources: Vec<Value> = resources.collect::<anyhow::Result<_>>()?;
    match args.form {
        Form::Json => {
            let notes = expansion.notes.iter().map(|(stands, text)| {
                let at = sources.locate_stands(*stands);
                let location = at.map(|at| json!({"file": at.file, "line": at.line, "column": at.column}));
                json!({ "reason": text, "location": location })
            });
            let errors = estate.problems.iter().map(|problem| {
                let at = sources.locate_problem(&problem.at);
                let message = sources.problem_text(&problem.kind, lang);
                json!({"file": at.file, "line": at.line, "column": at.column, "message": message})
            });
            let outputs: Map<String, Value> = expansion
                .outputs
                .iter()
                .map(|(name, value)| Ok((name.clone(), wire(value, lang)?)))
                .collect::<anyhow::Result<_>>()?;
            let mut outputs = Value::Object(outputs);
            azure::redact(&mut outputs);
            let mut answer = json!({
                "schema": "sekimori.expand/1",
                "source": sources.names(),
                "resources": resources,
                "outputs": outputs,
                "unknown": notes.collect::<Vec<_>>(),
                "errors": errors.collect::<Vec<_>>(),
            });
            // As an input of `check` it tells no less than the template.
            if sources.made_whole()
                && let Some(answer) = answer.as_object_mut()
            {
                answer.insert("kind".to_owned(), DEPLOYMENT.into());
                answer.insert("rows".to_owned(), json!({"machines": resources.len()}));
            }
            output::print_plain(&(serde_json::to_string_pretty(&answer)? + "\n"))?;
        }
        Form::Text => {
            let mut text = String::new();
            for resource in &resources {
                let of = |name: &str| resource.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
                text += &report::clean(&format!("{}  {}", of("type"), of("id")));
                text.push('\n');
            }
            let count = resources.len();
            text += &match lang {
                Lang::En if count == 1 => "1 resource\n".to_owned(),
                Lang::En => format!("{count} resources\n"),
                Lang::Ja => format!("リソース {count} 件\n"),
            };
            output::print(&text)?;
        }
    }
    // Whoever reads the JSON finds them there.
    if args.form == Form::Text || !estate.problems.is_empty() {
        source::tell(&reading, lang);
    }
    Ok(if estate.problems.is_empty() { 0 } else { INCOMPLETE })
}

/// A resource without secrets that the template itself holds.
fn resource(body: &template::Value, address: Option<&str>, lang: Lang) -> anyhow::Result<Value> {
    let mut value = wire(body, lang)?;
    azure::redact(&mut value);
    if let (Some(object), Some(address)) = (value.as_object_mut(), address) {
        object.insert("$address".to_owned(), address.into());
    }
    Ok(value)
}

fn wire(value: &template::Value, lang: Lang) -> anyhow::Result<Value> {
    let mut text = Vec::new();
    template::wire::write(value, &|why| crate::template::why(why, lang), &mut text);
    Ok(serde_json::from_slice(&text)?)
}
