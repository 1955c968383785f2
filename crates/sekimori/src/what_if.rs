//! `sekimori what-if`: what policies of conditional access demand of somebody who signs in.

use posture::Lang;
use report::what_if::Told;
use signin::{
    Application, Client, Device, Directory, Flow, Place, Platform, Question, Risk, Rules, Strictness,
    Subject, Tri, what_if,
};

use anyhow::{anyhow, bail};

use crate::cli::{Form, WhatIfArgs};
use crate::language::pick;
use crate::{output, source};

/// Some of the answer is not known.
const INCOMPLETE: u8 = 3;

/// How many people are named where several fit.
const NAMED: usize = 10;

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
    let rules = Rules::of(&directory);
    let told = Told { directory: &directory, subject: &subject, question: &question, answer: &answer, rules };
    match args.form.form {
        Form::Json => output::print_json(&report::what_if::document(&told))?,
        Form::Text => output::print(&report::what_if::page(&told, lang))?,
    }
    let known = answer.outcomes.iter().all(|(demand, _)| is_known(told.strictness(demand)));
    Ok(if known && estate.problems.is_empty() { 0 } else { INCOMPLETE })
}

fn is_known(strict: Strictness) -> bool {
    strict.blocked == Tri::Yes
        || [strict.blocked, strict.mfa, strict.device, strict.either].iter().all(|so| *so != Tri::Maybe)
}

/// The one person that is meant.
pub(crate) fn somebody<'e>(directory: &Directory<'e>, text: &str, lang: Lang) -> anyhow::Result<Subject<'e>> {
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
        flow: word(args.flow.as_deref(), Flow::ALL, Flow::word, lang)?,
        device: device(&args.device, lang)?,
        user_is_at_risk: false,
        no_legacy_clients: false,
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
