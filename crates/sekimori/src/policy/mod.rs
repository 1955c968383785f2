//! `sekimori policy`, and what `check --policy` adds to a check.

mod given;
mod list;
mod update;

use posture::Lang;

use crate::cli::PolicyCommand;

pub(crate) use given::{Policies, checks, judge, summary};

pub(crate) fn run(command: &PolicyCommand, lang: Lang) -> anyhow::Result<u8> {
    match command {
        PolicyCommand::List { sources, policy, form } => list::run(sources, policy, form.form, lang),
        PolicyCommand::Update { folder, date, to } => {
            update::run(folder, date, to.as_deref(), lang).map(|()| 0)
        }
        PolicyCommand::Reset => update::reset(lang).map(|()| 0),
    }
}
