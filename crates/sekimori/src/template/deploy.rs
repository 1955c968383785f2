//! What a template is deployed with: parameters, subscription, resource group, location.

use std::path::PathBuf;

use anyhow::{Context, bail};
use posture::Lang;
use template::expand::Given;

use crate::source::Source;

/// What a template is deployed with.
#[derive(Default)]
pub(crate) struct Deploy {
    /// Parameter files, and `NAME=VALUE`, as they were named on the command line.
    pub(crate) parameters: Vec<String>,
    pub(crate) place: Given,
}

/// Where values of parameters come from.
pub(super) enum Parameters {
    File(Source),
    /// A file that `bicep` reads.
    Bicep(PathBuf),
    /// `NAME=VALUE`, in the form of a parameter file.
    Pair(String),
}

impl Deploy {
    pub(crate) fn new(
        parameters: Vec<String>,
        subscription: Option<&str>,
        resource_group: Option<&str>,
        location: Option<&str>,
    ) -> Self {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let place = Given {
            subscription: own(subscription),
            resource_group: own(resource_group),
            location: own(location),
            ..Given::default()
        };
        Self { parameters, place }
    }

    /// Whether anything was said about templates.
    pub(crate) fn is_given(&self) -> bool {
        !self.parameters.is_empty() || self.place.resource_group.is_some() || self.place.location.is_some()
    }

    /// The parameters, each a source or a pair. As `az` has it: `@FILE`, `FILE`, or `NAME=VALUE`.
    pub(super) fn parameters(&self, lang: Lang) -> anyhow::Result<Vec<Parameters>> {
        self.parameters.iter().map(|word| one(word, lang)).collect()
    }
}

fn one(word: &str, lang: Lang) -> anyhow::Result<Parameters> {
    let path = PathBuf::from(word.strip_prefix('@').unwrap_or(word));
    if !path.exists()
        && let Some((name, value)) = word.split_once('=')
    {
        // What it is, the type of the parameter tells, as `az` has it.
        return Ok(Parameters::Pair(
            serde_json::json!({ name: { template::expand::PAIR: value } }).to_string(),
        ));
    }
    if !path.is_file() {
        match lang {
            Lang::En => {
                bail!("--parameters: no file `{}`; name a parameter file, or give NAME=VALUE", path.display())
            }
            Lang::Ja => bail!(
                "--parameters: ファイル `{}` がありません。パラメーター ファイル、または 名前=値 を指定してください",
                path.display()
            ),
        }
    }
    if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("bicepparam")) {
        return Ok(Parameters::Bicep(path));
    }
    let source = Source::of_file(&path).with_context(|| match lang {
        Lang::En => format!("cannot open `{}`", path.display()),
        Lang::Ja => format!("`{}` を開けません", path.display()),
    })?;
    Ok(Parameters::File(source))
}
