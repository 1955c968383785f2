//! `sekimori policy`, and what `check --policy` adds to a check.

mod given;
mod list;
mod new;
mod own;
mod test;
mod update;
mod worker;

use std::path::PathBuf;

use posture::Lang;

use crate::cli::PolicyCommand;
use crate::{check, output, source, tags};

pub(crate) use given::{Policies, checks, judge, summary, told};
pub(crate) use own::World;

pub(crate) fn run(command: &PolicyCommand, lang: Lang) -> anyhow::Result<u8> {
    match command {
        PolicyCommand::List { sources, policy, form } => list::run(sources, policy, form.form, lang),
        PolicyCommand::Update { folder, date, to } => {
            update::run(folder, date, to.as_deref(), lang).map(|()| 0)
        }
        PolicyCommand::New { name, folder } => new::run(name, folder.as_deref(), lang).map(|()| 0),
        PolicyCommand::Test { paths, form } => test::run(paths, form.form, lang),
        PolicyCommand::Input { sources } => input(sources, lang),
        PolicyCommand::Reset => update::reset(lang).map(|()| 0),
    }
}

/// Prints what own checks see.
fn input(sources: &[PathBuf], lang: Lang) -> anyhow::Result<u8> {
    let source::Reading { estate, sources, .. } = source::read(sources, lang)?;
    source::tell_problems(&estate, &sources, lang);
    let as_of = check::now(lang)?;
    let tags = tags::list(lang)?;
    let settings = posture::Settings { now: estate::Moment::parse(&as_of), ..posture::Settings::default() };
    let world =
        World { estate: &estate, sources: &sources, tags: &tags, settings: &settings, as_of: &as_of, lang };
    output::print_json(&own::input(&world)?)?;
    Ok(0)
}

/// What the process that works own checks out does.
pub(crate) fn serve(memory: u64, seconds: u64, parent: u32) -> anyhow::Result<u8> {
    worker::serve(memory, seconds, parent)?;
    Ok(0)
}

/// What a team's own checks say of an estate.
pub(crate) fn own(policies: &Policies, world: &World<'_>) -> anyhow::Result<policy::Taken> {
    own::judge(&policies.own, world)
}
