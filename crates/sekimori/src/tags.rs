//! `sekimori tags`, and the list of service tags that a run goes by.

use std::fmt::Write;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use estate::Family;
use posture::{Day, Lang};
use reach::prefixes_of;
use reach::tags::{BadList, Tags, read_published};
use serde_json::json;

use crate::cli::{Form, TagsCommand};
use crate::{kept, output};

/// No published list has ever been a tenth of this.
const LIMIT: u64 = 64 << 20;

pub(crate) fn run(command: &TagsCommand, lang: Lang) -> anyhow::Result<u8> {
    match command {
        TagsCommand::Update { file, date, to } => update(file, date.as_deref(), to.as_deref(), lang)?,
        TagsCommand::Reset => reset(lang)?,
        TagsCommand::Show { tag, form } => show(tag.as_deref(), form.form, lang)?,
    }
    Ok(0)
}

/// The list to go by: what was brought with `tags update`, unless the product holds a newer one of the
/// same cloud.
pub(crate) fn list(lang: Lang) -> anyhow::Result<Arc<Tags>> {
    let built_in = Tags::built_in();
    let Some(path) = kept::place(KEPT) else { return Ok(built_in) };
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(built_in),
        Err(error) => return Err(error).with_context(|| unusable(&path, lang)),
    };
    let tags = Tags::from_bytes(bytes).map_err(|_| anyhow!(unusable(&path, lang)))?;
    let newer = tags.cloud != built_in.cloud || tags.change >= built_in.change;
    Ok(if newer { Arc::new(tags) } else { built_in })
}

fn unusable(path: &Path, lang: Lang) -> String {
    let name = path.display();
    match lang {
        Lang::En => format!(
            "the list of service tags `{name}` cannot be used; run `sekimori tags update FILE` again, or remove it"
        ),
        Lang::Ja => format!(
            "サービス タグの一覧 `{name}` を利用できません。`sekimori tags update FILE` をもう一度実行するか、このファイルを削除してください"
        ),
    }
}

/// What a list is kept as.
const KEPT: &str = "service-tags.bin";

fn update(file: &Path, date: Option<&str>, to: Option<&Path>, lang: Lang) -> anyhow::Result<()> {
    let name = file.display().to_string();
    let mut text = Vec::new();
    let cannot = || match lang {
        Lang::En => format!("cannot read `{name}`"),
        Lang::Ja => format!("`{name}` を読み取れません"),
    };
    fs::File::open(file).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut text)).with_context(cannot)?;
    if text.len() as u64 > LIMIT {
        return Err(anyhow!("{}: > 64 MiB", cannot()));
    }
    let Some(date) = date.map(str::to_owned).or_else(|| date_in(&name)) else {
        match lang {
            Lang::En => {
                bail!("the name of `{name}` does not tell when it was published; add --date 2026-11-16")
            }
            Lang::Ja => bail!(
                "`{name}` という名前からは公開日が分かりません。--date 2026-11-16 のように指定してください"
            ),
        }
    };
    if Day::parse(&date).is_none_or(|day| !day.exists()) {
        match lang {
            Lang::En => bail!("`{date}` is no day such as 2026-11-16"),
            Lang::Ja => bail!("`{date}` は 2026-11-16 のような日付ではありません"),
        }
    }
    let tags = read_published(&text, &date).map_err(|error| anyhow!(bad(&name, &error, lang)))?;
    let path = kept::keep(KEPT, to, &tags.to_bytes(), lang)?;
    if let Some(remark) = remark(&tags, lang) {
        output::note(&remark);
    }
    kept::tell(&path, lang);
    output::print(&summary(&tags, lang))
}

fn bad(name: &str, error: &BadList, lang: Lang) -> String {
    match (error, lang) {
        (BadList::NotJson(error), Lang::En) => format!(
            "`{name}` is no list of service tags (line {}, column {}); get one at https://www.microsoft.com/download/details.aspx?id=56519",
            error.line(),
            error.column()
        ),
        (BadList::NotJson(error), Lang::Ja) => format!(
            "`{name}` はサービス タグの一覧ではありません ({} 行 {} 列)。https://www.microsoft.com/download/details.aspx?id=56519 から入手してください",
            error.line(),
            error.column()
        ),
        (BadList::Empty, Lang::En) => format!("`{name}` holds no service tag"),
        (BadList::Empty, Lang::Ja) => format!("`{name}` にサービス タグが含まれていません"),
        (BadList::NoPrefix { tag, text }, Lang::En) => format!("`{name}`: `{text}` of `{tag}` is no prefix"),
        (BadList::NoPrefix { tag, text }, Lang::Ja) => {
            format!("`{name}`: `{tag}` の `{text}` はプレフィックスではありません")
        }
        (BadList::TooLarge, Lang::En) => format!("`{name}` holds more or longer names than any such list"),
        (BadList::TooLarge, Lang::Ja) => format!("`{name}` のタグの数または名前が長すぎます"),
    }
}

/// `2026-11-16` from `ServiceTags_Public_20261116.json`.
fn date_in(name: &str) -> Option<String> {
    let digits = name.rsplit(['_', '/', '\\']).next()?.get(..8)?;
    let all = digits.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| Some(format!("{}-{}-{}", digits.get(..4)?, digits.get(4..6)?, digits.get(6..)?)))?
}

/// Takes a list away that was brought.
fn reset(lang: Lang) -> anyhow::Result<()> {
    kept::forget(KEPT, |path| unusable(path, lang))?;
    output::print(&summary(&Tags::built_in(), lang))
}

/// What somebody should know of a list that was brought.
fn remark(tags: &Tags, lang: Lang) -> Option<String> {
    let own = Tags::built_in();
    if tags.cloud != own.cloud {
        return None;
    }
    let (then, now) = (own.names().len(), tags.names().len());
    match lang {
        Lang::En if tags.change < own.change => {
            Some(format!("this list is older than the program's own ({}), which stays in use", own.date))
        }
        Lang::Ja if tags.change < own.change => {
            Some(format!("この一覧はプログラムに含まれるもの ({}) より古いため、使われません", own.date))
        }
        Lang::En if now < then / 2 => Some(format!(
            "this list holds {now} tags, the program's own {then}: what it lacks is unknown from now on; `sekimori tags reset` goes back"
        )),
        Lang::Ja if now < then / 2 => Some(format!(
            "この一覧のタグは {now} 件で、プログラムに含まれるもの ({then} 件) より少なくなっています。含まれないタグは不明になります。`sekimori tags reset` で元に戻せます"
        )),
        _ => None,
    }
}

fn summary(tags: &Tags, lang: Lang) -> String {
    let (cloud, change, date, count) = (&tags.cloud, tags.change, &tags.date, tags.names().len());
    let tags = if count == 1 { "tag" } else { "tags" };
    let count = posture::grouped(count as u128);
    match lang {
        Lang::En => format!("{cloud} {change} of {date}: {count} service {tags}\n"),
        Lang::Ja => format!("{cloud} {change} ({date}): サービス タグ {count} 件\n"),
    }
}

fn show(tag: Option<&str>, form: Form, lang: Lang) -> anyhow::Result<()> {
    let tags = list(lang)?;
    let Some(tag) = tag else {
        return match form {
            Form::Json => output::print_json(&json!({
                "cloud": tags.cloud,
                "change": tags.change,
                "date": tags.date,
                "tags": tags.names().collect::<Vec<_>>(),
            })),
            Form::Text => {
                let names: Vec<_> = tags.names().collect();
                output::print(&format!("{}{}\n", summary(&tags, lang), names.join("\n")))
            }
        };
    };
    let Some(both) = tags.of(tag) else {
        let own = ["Internet", "VirtualNetwork", "AzureLoadBalancer"];
        if own.iter().any(|own| own.eq_ignore_ascii_case(tag)) {
            match lang {
                Lang::En => bail!("`{tag}` is in no published list: it is worked out for each network"),
                Lang::Ja => bail!("`{tag}` は公開されている一覧にはありません。ネットワークごとに判定します"),
            }
        }
        match (config::close(tag, tags.names()), lang) {
            (None, Lang::En) => bail!("the list holds no `{tag}`; `sekimori tags show` prints the names"),
            (None, Lang::Ja) => {
                bail!("一覧に `{tag}` はありません。名前は `sekimori tags show` で確認できます")
            }
            (Some(near), Lang::En) => bail!("the list holds no `{tag}`; did you mean `{near}`?"),
            (Some(near), Lang::Ja) => bail!("一覧に `{tag}` はありません。`{near}` の間違いではありませんか"),
        }
    };
    let [v4, v6] = &*both;
    let prefixes =
        [prefixes_of(v4, Family::V4, usize::MAX), prefixes_of(v6, Family::V6, usize::MAX)].concat();
    match form {
        Form::Json => output::print_json(&json!({
            "tag": tag,
            "cloud": tags.cloud,
            "change": tags.change,
            "date": tags.date,
            "ipv4_addresses": u64::try_from(v4.count()).unwrap_or(u64::MAX),
            "prefixes": prefixes,
        })),
        Form::Text => {
            let count = posture::grouped(v4.count());
            let mut out = match lang {
                Lang::En => format!("{tag}: {count} IPv4 addresses ({})\n", tags.date),
                Lang::Ja => format!("{tag}: IPv4 アドレス {count} 個 ({})\n", tags.date),
            };
            for prefix in prefixes {
                let _ = writeln!(out, "{prefix}");
            }
            output::print(&out)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_tell_the_day() {
        assert_eq!(date_in("x/ServiceTags_Public_20261116.json").as_deref(), Some("2026-11-16"));
        assert_eq!(date_in("ServiceTags_Public.json"), None);
        assert_eq!(date_in("tags.json"), None);
    }
}
