//! `sekimori what-if`: what policies of conditional access demand of somebody who signs in.

mod json;
mod text;
mod words;

use estate::{DirectoryList, Known, Person};
use posture::Lang;
use signin::{
    Answer, Application, Client, Demand, Device, Directory, Place, Platform, PolicyState, Question, Risk,
    Strictness, Subject, Tri, what_if,
};

use anyhow::{anyhow, bail};

use crate::cli::{Form, WhatIfArgs};
use crate::language::pick;
use crate::{output, source};

/// Some of the answer is not known.
const INCOMPLETE: u8 = 3;

/// How many people are named where several fit.
const NAMED: usize = 10;

/// What is asked and what is answered.
struct Told<'t, 'e> {
    directory: &'t Directory<'e>,
    subject: &'t Subject<'e>,
    question: &'t Question,
    answer: &'t Answer<'e>,
    /// Whether the input holds all policies, so that what it does not hold is not there.
    whole: bool,
    /// Whether Microsoft's own rules hold.
    defaults: Option<bool>,
}

pub(crate) fn run(args: &WhatIfArgs, lang: Lang) -> anyhow::Result<u8> {
    let question = question(args, lang)?;
    let estate = source::read_and_tell(&args.sources, lang)?;
    let directory = Directory::new(&estate);
    let subject = somebody(&directory, &args.user, lang)?;
    let answer = what_if(&directory, &subject, &question).map_err(|_| {
        anyhow!(pick(
            lang,
            "so much is left open that there are too many cases: tell some of it, such as --platform, --client or --ip",
            "未指定の条件が多く、場合分けが多くなりすぎます。--platform、--client、--ip などを指定してください",
        ))
    })?;
    let defaults = estate.around.security_defaults.iter().find_map(|own| own.on.as_ref()?.value().copied());
    let whole = estate.around.lists(DirectoryList::Policies);
    let told = Told {
        directory: &directory,
        subject: &subject,
        question: &question,
        answer: &answer,
        whole,
        defaults,
    };
    match args.form.form {
        Form::Json => output::print_json(&json::document(&told))?,
        Form::Text => output::print(&text::page(&told, lang))?,
    }
    let known = answer.outcomes.iter().all(|(demand, _)| is_known(told.strictness(demand)));
    Ok(if known && estate.problems.is_empty() { 0 } else { INCOMPLETE })
}

fn is_known(strict: Strictness) -> bool {
    strict.blocked == Tri::Yes
        || [strict.blocked, strict.mfa, strict.device, strict.either].iter().all(|so| *so != Tri::Maybe)
}

impl Told<'_, '_> {
    /// How strict all of it is together; where rules may be missing, what these would demand is not known.
    fn strictness(&self, demand: &Demand) -> Strictness {
        let own = demand.strict;
        let least = |so: Tri, least: bool| if least { so.max(Tri::Maybe) } else { so };
        let missing = !self.whole || self.defaults_may_hold();
        // Microsoft's own rules demand MFA of everybody for Resource Manager.
        let management = self.defaults == Some(true) && self.question.application.is_management();
        let mfa = if management { Tri::Yes } else { own.mfa };
        Strictness {
            blocked: least(own.blocked, missing),
            mfa: least(mfa, missing),
            device: least(own.device, !self.whole),
            either: least(own.either.max(mfa), missing),
        }
    }

    /// Whether Microsoft's own rules hold, or may: these keep legacy clients out, and ask some people for MFA at some times.
    /// They are off where a policy is on.
    fn defaults_may_hold(&self) -> bool {
        let on = self.answer.policies.iter().any(|answer| answer.state == PolicyState::On);
        self.defaults.unwrap_or(!on)
    }

    /// What the person is called: their login, name or id.
    fn who(&self) -> String {
        name_of(self.directory, self.subject)
    }
}

/// What all that is demanded of somebody comes to, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Nothing,
    Unknown,
    /// Controls that prove neither.
    Other,
    MfaOrDevice,
    Device,
    Mfa,
    MfaAndDevice,
    Blocked,
}

impl Verdict {
    fn of(told: &Told<'_, '_>, demand: &Demand) -> Self {
        let strict = told.strictness(demand);
        let other = || {
            let all = demand.certain.iter().filter_map(|at| told.answer.controls.get(*at));
            all.into_iter().any(|controls| !controls.each.is_empty())
        };
        match (strict.blocked, strict.mfa, strict.device, strict.either) {
            (Tri::Yes, ..) => Self::Blocked,
            (Tri::Maybe, ..) => Self::Unknown,
            (_, Tri::Yes, Tri::Yes, _) => Self::MfaAndDevice,
            (_, Tri::Yes, ..) => Self::Mfa,
            (_, Tri::No, Tri::Yes, _) => Self::Device,
            (_, Tri::No, Tri::No, Tri::Yes) => Self::MfaOrDevice,
            (_, Tri::No, Tri::No, Tri::No) if other() => Self::Other,
            (_, Tri::No, Tri::No, Tri::No) => Self::Nothing,
            _ => Self::Unknown,
        }
    }
}

fn name_of(directory: &Directory<'_>, subject: &Subject<'_>) -> String {
    let told = |field: fn(&Person) -> &estate::Field<Box<str>>| {
        subject.person.and_then(|person| field(person).as_ref()?.value()).map(ToString::to_string)
    };
    told(|person| &person.login)
        .or_else(|| told(|person| &person.name))
        .unwrap_or_else(|| directory.estate().text(subject.id).to_owned())
}

/// The one person that is meant.
fn somebody<'e>(directory: &Directory<'e>, text: &str, lang: Lang) -> anyhow::Result<Subject<'e>> {
    let all = directory.find(text);
    match all.as_slice() {
        [one] => Ok(*one),
        [] => bail!(match lang {
            Lang::En => format!(
                "the input holds nobody called `{text}`: people are told by `az rest --url 'https://graph.microsoft.com/v1.0/users'` or `sekimori collect`"
            ),
            Lang::Ja => format!(
                "`{text}` に該当するユーザーが入力にありません。ユーザーの一覧は `az rest --url 'https://graph.microsoft.com/v1.0/users'` または `sekimori collect` で取得できます"
            ),
        }),
        several => {
            let names: Vec<String> =
                several.iter().take(NAMED).map(|one| directory.estate().text(one.id).to_owned()).collect();
            let names = names.join(", ");
            bail!(match lang {
                Lang::En =>
                    format!("{} people are called `{text}`: say which by the id ({names})", several.len()),
                Lang::Ja => format!(
                    "`{text}` に該当するユーザーが {} 人います。ID で指定してください ({names})",
                    several.len()
                ),
            })
        }
    }
}

fn question(args: &WhatIfArgs, lang: Lang) -> anyhow::Result<Question> {
    let application = Application::named(&args.app).ok_or_else(|| match lang {
        Lang::En => anyhow!(
            "`{}` is no application: name windows-vm, linux-vm, azure-management, or the id of one",
            args.app
        ),
        Lang::Ja => anyhow!(
            "`{}` というアプリケーションはありません。windows-vm、linux-vm、azure-management、またはアプリケーション ID を指定してください",
            args.app
        ),
    })?;
    let address = args.ip.as_deref().map(|text| {
        text.trim().parse().map_err(|_| match lang {
            Lang::En => anyhow!("`{text}` is not an IP address, such as 203.0.113.7 or 2001:db8::7"),
            Lang::Ja => anyhow!("`{text}` は IP アドレスではありません (例: 203.0.113.7、2001:db8::7)"),
        })
    });
    let country = args.country.as_deref().map(|text| {
        let two = text.trim().to_ascii_uppercase();
        let letters = two.len() == 2 && two.bytes().all(|byte| byte.is_ascii_uppercase());
        letters.then_some(two).ok_or_else(|| match lang {
            Lang::En => anyhow!("`{text}` is no country: name it by two letters, such as JP"),
            Lang::Ja => anyhow!("`{text}` は国コードではありません。JP のように 2 文字で指定してください"),
        })
    });
    Ok(Question {
        application,
        place: Place { address: address.transpose()?, country: country.transpose()? },
        platform: word(args.platform.as_deref(), Platform::ALL, Platform::word, lang)?,
        client: word(args.client.as_deref(), Client::ALL, Client::word, lang)?,
        sign_in_risk: word(args.sign_in_risk.as_deref(), Risk::ALL, Risk::word, lang)?,
        user_risk: word(args.user_risk.as_deref(), Risk::ALL, Risk::word, lang)?,
        device: device(&args.device, lang)?,
        no_trusted_addresses: args.no_mfa_trusted_ips,
    })
}

/// One of a closed list of words.
fn word<T: Copy>(
    asked: Option<&str>,
    all: &[T],
    word: fn(T) -> &'static str,
    lang: Lang,
) -> anyhow::Result<Option<T>> {
    let Some(asked) = asked else { return Ok(None) };
    if let Some(found) = all.iter().find(|one| word(**one).eq_ignore_ascii_case(asked.trim())) {
        return Ok(Some(*found));
    }
    let words: Vec<&str> = all.iter().map(|one| word(*one)).collect();
    let words = words.join(", ");
    bail!(match lang {
        Lang::En => format!("`{asked}` is none of these: {words}"),
        Lang::Ja => format!("`{asked}` は指定できません。次のいずれかを指定してください: {words}"),
    })
}

/// A device by its attributes, or one that the directory does not know.
fn device(asked: &[String], lang: Lang) -> anyhow::Result<Option<Device>> {
    if asked.is_empty() {
        return Ok(None);
    }
    if asked.iter().any(|one| one.eq_ignore_ascii_case("unregistered")) {
        if asked.len() > 1 {
            bail!(pick(
                lang,
                "a device that is not registered has no attributes",
                "登録されていないデバイスに属性は指定できません",
            ));
        }
        return Ok(Some(Device { registered: false, complete: true, ..Device::default() }));
    }
    let mut device = Device { registered: true, ..Device::default() };
    for one in asked {
        let Some((name, value)) = one.split_once('=') else {
            bail!(match lang {
                Lang::En =>
                    format!("`{one}` is no attribute, such as isCompliant=True, and not `unregistered`"),
                Lang::Ja =>
                    format!("`{one}` は属性 (例: isCompliant=True) でも `unregistered` でもありません"),
            });
        };
        device.attributes.entry(name.trim().to_ascii_lowercase()).or_default().push(value.trim().to_owned());
    }
    Ok(Some(device))
}

/// The word of a state.
fn state_word(state: PolicyState) -> &'static str {
    match state {
        PolicyState::On => "enabled",
        PolicyState::ReportOnly => "enabledForReportingButNotEnforced",
        PolicyState::Off => "disabled",
        PolicyState::Unknown => "unknown",
    }
}

/// What a policy is called.
fn policy_name(told: &Told<'_, '_>, at: usize) -> String {
    let Some(answer) = told.answer.policies.get(at) else { return String::new() };
    match &answer.policy.name {
        Some(Known::Value(name)) => name.to_string(),
        _ => told.directory.estate().text(answer.policy.id).to_owned(),
    }
}
