//! `sekimori collect`: what runs in Azure now, as a snapshot; and the same for `check` without a SOURCE.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, anyhow};
use azure::{
    Asked, Base, BaseError, By, Chain, Client, Cloud, CloudError, CollectError, CredentialError, DIRECTORY,
    Fault, LISTS, Link, MEMBERS, Manifest, Named, Progress, QUESTIONS, SnapshotError, Variables, Writer,
    answer_of, connect,
};
use estate::ProblemKind;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use posture::Lang;
use report::counted;
use serde_json::json;

use crate::cli::{CollectArgs, Form, LiveArgs};
use crate::language::pick;
use crate::output;

/// Something could not be read, or not in full.
const INCOMPLETE: u8 = 3;

pub(crate) fn run(args: &CollectArgs, lang: Lang) -> anyhow::Result<u8> {
    if args.plan {
        return plan(args, lang).map(|()| 0);
    }
    let path = args.output.as_deref().context(pick(
        lang,
        "say where to write the snapshot: --output estate.ndjson.zst",
        "スナップショットの書き込み先を --output estate.ndjson.zst のように指定してください",
    ))?;
    output::check_writable(path, lang)?;
    let name = path.display();
    output::last_word(Some(match lang {
        Lang::En => {
            format!("stopped; what was collected is kept beside `{name}`: the same command goes on with it")
        }
        Lang::Ja => format!(
            "中断しました。収集済みの内容は `{name}` と同じ場所に残っています。同じコマンドで続きから再開できます"
        ),
    }));
    output::tidy_on_signals();
    let manifest = snapshot(&args.live, path, args.since.as_deref(), lang)?;
    output::last_word(None);
    let rows: u64 = manifest.rows.values().sum();
    output::note(&match lang {
        Lang::En => format!(
            "`{name}`: {rows} rows, by {}; {} secrets were taken out",
            manifest.by.credential, manifest.redacted
        ),
        Lang::Ja => format!(
            "`{name}`: {rows} 行 (認証: {})、機密情報 {} 件を除去しました",
            manifest.by.credential, manifest.redacted
        ),
    });
    if manifest.empty_subscriptions > 0 {
        let empty = manifest.empty_subscriptions;
        output::note(&match lang {
            Lang::En => format!(
                "this sign-in sees nothing in {}",
                counted(usize::try_from(empty).unwrap_or(usize::MAX), "subscription", "subscriptions")
            ),
            Lang::Ja => format!("参照できるリソースがないサブスクリプションが {empty} 件あります"),
        });
    }
    if args.since.is_some() && manifest.since.is_none() {
        output::note(pick(
            lang,
            "changes may not be read: everything was asked for anew",
            "変更履歴を読み取る権限がないため、すべて改めて収集しました",
        ));
    }
    if let Some(since) = &manifest.since {
        let (unchanged, changed, moment) = (since.unchanged, since.changed, &since.moment);
        output::note(&match lang {
            Lang::En => {
                format!("rows taken over: {unchanged}; resources changed since {moment}: {changed}")
            }
            Lang::Ja => format!(
                "{unchanged} 行を引き継ぎました。{moment} 以降に変更されたリソースは {changed} 件です"
            ),
        });
    }
    for line in shortcomings(&manifest, lang) {
        output::note(&line);
    }
    if let Some(seconds) = manifest.clock_off_by {
        let minutes = seconds / 60;
        output::note(&match lang {
            Lang::En => format!(
                "the clock of this machine is {minutes} minutes away from Azure's: sign-in may fail, and ages are wrong"
            ),
            Lang::Ja => format!(
                "このマシンの時計は Azure と {minutes} 分ずれています。サインインに失敗したり、経過時間が正しく計算されなかったりすることがあります"
            ),
        });
    }
    Ok(if manifest.refused.is_empty() && manifest.partial.is_empty() { 0 } else { INCOMPLETE })
}

/// Collects into a file. What was collected before it was stopped is kept beside it, and not asked again.
/// With an earlier snapshot, what has not changed is taken from there.
pub(crate) fn snapshot(
    args: &LiveArgs,
    path: &Path,
    since: Option<&Path>,
    lang: Lang,
) -> anyhow::Result<Manifest> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = connected(args, lang).await?;
        // Changes are asked for by this moment: what SOURCE_DATE_EPOCH says has no say in it.
        let now = crate::check::clock()?;
        let mut asked = Asked {
            cloud: client.cloud().name.clone(),
            subscriptions: args.subscription.clone(),
            management_groups: args.management_group.clone(),
            directory: !args.no_directory,
            since: None,
        };
        let base = since.map(|base| Base::open(base, &asked, &now)).transpose();
        let base = base.map_err(|error| anyhow!(base_text(&error, lang)))?;
        asked.since = base.as_ref().map(|base| base.started().to_owned());
        let mut writer =
            Writer::open(path, &asked, &now).map_err(|error| anyhow!(snapshot_text(&error, lang)))?;
        if writer.parts() > 0 {
            output::note(&match lang {
                Lang::En => format!("goes on where it was stopped: {} parts are there", writer.parts()),
                Lang::Ja => format!("中断したところから続けます ({} 件は収集済み)", writer.parts()),
            });
        }
        let bar = progress_bar();
        let told = |progress: Progress<'_>| {
            bar.set_length(progress.of as u64);
            bar.set_position(progress.done as u64);
            bar.set_message(format!("{} ({})", progress.what, progress.rows));
        };
        let collected = client.collect(&mut writer, &asked, base.as_ref(), &told).await;
        bar.finish_and_clear();
        collected.map_err(|error| anyhow!(error_text(&error, lang)))?;
        let credential = client.chain().link().await.map(Link::name).unwrap_or_default().to_owned();
        let by = By { credential, caller: client.chain().caller().await };
        let manifest = writer.finish(by, &crate::check::clock()?, client.ahead());
        manifest.map_err(|error| anyhow!(snapshot_text(&error, lang)))
    })
}

/// A client of the cloud that was named, with the rights of whoever is signed in.
pub(crate) async fn connected(args: &LiveArgs, lang: Lang) -> anyhow::Result<Client> {
    let authorities = match &args.authority {
        Some(file) => {
            let name = file.display();
            std::fs::read(file).with_context(|| match lang {
                Lang::En => format!("cannot read `{name}`"),
                Lang::Ja => format!("`{name}` を読み取れません"),
            })?
        }
        None => Vec::new(),
    };
    let http = connect(&authorities).map_err(|error| anyhow!(error.to_string()))?;
    let cloud = match Cloud::named(&args.cloud).map_err(|error| anyhow!(cloud_text(&error, lang)))? {
        Named::Known(cloud) => *cloud,
        Named::At(at) => {
            let unanswered = || match lang {
                Lang::En => format!("cannot ask `{at}`"),
                Lang::Ja => format!("`{at}` に問い合わせできません"),
            };
            let asked = at.join("metadata/endpoints?api-version=2022-09-01")?;
            let said = http.get(asked).send().await.with_context(unanswered)?;
            let said = answer_of(said).await.with_context(unanswered)?;
            Cloud::from_metadata(&at, &said).map_err(|error| anyhow!(cloud_text(&error, lang)))?
        }
    };
    let chain = Chain::new(cloud.clone(), http.clone(), Variables::of_process());
    let chain = chain.map_err(|error| match (&error, lang) {
        (CredentialError::Choice(given), Lang::Ja) => anyhow!(
            "AZURE_TOKEN_CREDENTIALS の値 `{given}` が正しくありません。`dev`、`prod`、または `AzureCliCredential` などの名前を指定してください"
        ),
        _ => anyhow!(error.to_string()),
    })?;
    Ok(Client::new(http, cloud, chain))
}

fn cloud_text(error: &CloudError, lang: Lang) -> String {
    match (error, lang) {
        (error, Lang::En) => error.to_string(),
        (CloudError::Unknown(name), Lang::Ja) => format!(
            "`{name}` というクラウドはありません。AzureCloud、AzureUSGovernment、AzureChinaCloud、または Resource Manager の https アドレスを指定してください"
        ),
        (CloudError::Metadata { at, detail }, Lang::Ja) => {
            format!("`{at}` のクラウドのメタデータを利用できません: {detail}")
        }
    }
}

pub(crate) fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {eta}");
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}

/// What a manifest says is missing, in the words of a report.
fn shortcomings(manifest: &Manifest, lang: Lang) -> Vec<String> {
    let refused = manifest.refused.iter().map(|one| (&one.what, &one.scope, Some(&one.action), &one.role));
    let partial = manifest.partial.iter().map(|one| (&one.what, &one.scope, None, &one.reason));
    let text = |(what, scope, action, detail): (&String, &String, Option<&String>, &String)| {
        let boxed = |text: &String| Box::from(text.as_str());
        let (what, scope, action, detail) = (boxed(what), boxed(scope), action.map(boxed), boxed(detail));
        report::problem_text(&ProblemKind::NotCollected { what, scope, action, detail }, lang, &|_| {
            String::new()
        })
    };
    refused.chain(partial).map(text).collect()
}

fn error_text(error: &CollectError, lang: Lang) -> String {
    let shell = "In Cloud Shell:\n  mkdir -p estate\n  az vm list -d -o json > estate/vms.json\n  az network nic list -o json > estate/nics.json\n  az network public-ip list -o json > estate/public-ips.json\n  az network nsg list -o json > estate/nsgs.json\n  az network vnet list -o json > estate/vnets.json\n  sekimori check estate";
    match (error, lang) {
        (CollectError::Snapshot(error), _) => snapshot_text(error, lang),
        (CollectError::Fault(Fault::Credential(CredentialError::Nobody(_))), Lang::En) => {
            format!("{error}\nSign in with `az login`, or name a SOURCE: a file, a folder or -. {shell}")
        }
        (CollectError::Fault(Fault::Credential(CredentialError::Nobody(links))), Lang::Ja) => {
            let mut text = "Azure にサインインしていません:".to_owned();
            for (link, why) in links {
                let _ = write!(text, "\n  {}: {}", link.name(), absence_ja(*link, why));
            }
            let shell = shell.replace("In Cloud Shell:", "Cloud Shell では次のように実行します:");
            format!(
                "{text}\n`az login` でサインインするか、SOURCE (ファイル、フォルダー、-) を指定してください。{shell}"
            )
        }
        (CollectError::NoSubscription(None), Lang::Ja) => {
            "参照できるサブスクリプションがありません".to_owned()
        }
        (CollectError::NoSubscription(Some(id)), Lang::Ja) => {
            format!("サブスクリプション `{id}` を参照できません")
        }
        (CollectError::Fault(fault), _) => fault_text(fault, lang),
        (error, _) => error.to_string(),
    }
}

/// Why a link of the chain did not answer, in Japanese as far as the words are ours; else those of the library.
fn absence_ja(link: Link, why: &str) -> String {
    let hint = match link {
        Link::Environment => {
            "AZURE_TENANT_ID、AZURE_CLIENT_ID と、AZURE_CLIENT_SECRET または AZURE_CLIENT_CERTIFICATE_PATH を設定してください"
        }
        Link::WorkloadIdentity => {
            "AZURE_TENANT_ID、AZURE_CLIENT_ID、AZURE_FEDERATED_TOKEN_FILE を設定してください"
        }
        Link::ManagedIdentity => "このマシンにマネージド ID はありません",
        Link::AzureCli => "`az login` を実行してください",
        Link::AzureDeveloperCli => "`azd auth login` を実行してください",
    };
    match why {
        why if why == link.hint() => hint.to_owned(),
        why if why.contains("not found on PATH") => "コマンドがインストールされていません".to_owned(),
        why => why.to_owned(),
    }
}

/// Why Azure did not answer.
pub(crate) fn fault_text(fault: &Fault, lang: Lang) -> String {
    match (fault, lang) {
        (fault, Lang::En) => fault.to_string(),
        (Fault::Credential(CredentialError::Lost { link, detail }), Lang::Ja) => {
            format!("{} で新しいトークンを取得できません: {detail}", link.name())
        }
        (Fault::Credential(error), Lang::Ja) => error.to_string(),
        (Fault::Refused { code, message }, Lang::Ja) => {
            format!("読み取る権限がありません ({code}): {message}")
        }
        (Fault::NotFound { code, message }, Lang::Ja) => format!("見つかりません ({code}): {message}"),
        (Fault::GaveUp { tries, last }, Lang::Ja) => {
            format!("{tries} 回試しましたが、応答が得られません: {last}")
        }
        (Fault::Wrong { host, status, code, message }, Lang::Ja) => {
            format!("`{host}` がエラーを返しました ({status} {code}): {message}")
        }
        (Fault::Unreadable { host, detail }, Lang::Ja) => {
            format!("`{host}` の応答を読み取れません: {detail}")
        }
        (Fault::Stopped, Lang::Ja) => "中断されました".to_owned(),
    }
}

fn base_text(error: &BaseError, lang: Lang) -> String {
    match (error, lang) {
        (error, Lang::En) => error.to_string(),
        (BaseError::Read { path, error }, Lang::Ja) => {
            format!("`{}` を読み取れません: {error}", path.display())
        }
        (BaseError::NoSnapshot(path), Lang::Ja) => format!(
            "`{}` は `sekimori collect` が最後まで書き込んだスナップショットではありません",
            path.display()
        ),
        (BaseError::Other(path), Lang::Ja) => format!(
            "`{}` は、別のサブスクリプション、管理グループ、またはクラウドのものです。同じ条件を指定するか、--since を外してください",
            path.display()
        ),
        (BaseError::TooOld { path, started }, Lang::Ja) => format!(
            "`{}` は {started} のものです。Azure から取得できる変更は 7 日分です。--since を外してください",
            path.display()
        ),
    }
}

fn snapshot_text(error: &SnapshotError, lang: Lang) -> String {
    match (error, lang) {
        (SnapshotError::Other(path), Lang::Ja) => format!(
            "`{}` には別の条件で収集した途中の結果があります。削除するか、同じ条件を指定してください",
            path.display()
        ),
        (SnapshotError::Write { path, error }, Lang::Ja) => {
            format!("`{}` に書き込めません: {error}", path.display())
        }
        (SnapshotError::Busy(path), Lang::Ja) => {
            format!("`{}` は別の実行が書き込み中です", path.display())
        }
        (error, Lang::En) => error.to_string(),
    }
}

/// The rights that collecting needs, and a custom role that has just them.
fn plan(args: &CollectArgs, lang: Lang) -> anyhow::Result<()> {
    let mut actions: Vec<&str> =
        QUESTIONS.iter().map(|one| one.action).chain(LISTS.iter().map(|one| one.action)).collect();
    actions.push("Microsoft.Resources/subscriptions/read");
    actions.push("Microsoft.ResourceGraph/resources/read");
    actions.sort_unstable();
    actions.dedup();
    let groups = args.live.management_group.iter();
    let groups = groups.map(|name| format!("/providers/Microsoft.Management/managementGroups/{name}"));
    let subscriptions = args.live.subscription.iter().map(|id| format!("/subscriptions/{id}"));
    let mut scopes: Vec<String> = groups.chain(subscriptions).collect();
    if scopes.is_empty() {
        scopes.push("/subscriptions/<SUBSCRIPTION>".to_owned());
    }
    let role = json!({
        "Name": "Sekimori Reader", "IsCustom": true,
        "Description": "Reads what Sekimori checks, and changes nothing",
        "Actions": actions, "NotActions": [], "DataActions": [], "NotDataActions": [],
        "AssignableScopes": scopes,
    });
    if args.form.form == Form::Json {
        return output::print_json(&role);
    }
    let mut text = String::new();
    let title = pick(lang, "Rights that are needed, all of them to read", "必要な権限 (すべて読み取りのみ)");
    let _ = writeln!(text, "{title}");
    let rows = QUESTIONS.iter().map(|one| (one.name, one.action, one.role));
    for (name, action, role) in rows.chain(LISTS.iter().map(|one| (one.name, one.action, one.role))) {
        let _ = writeln!(text, "  {name:<24} {action}  ({role})");
    }
    if !args.live.no_directory {
        let title = pick(
            lang,
            "Of the directory (Microsoft Graph); left out with --no-directory",
            "ディレクトリ (Microsoft Graph)。--no-directory を指定すると対象外になります",
        );
        let _ = writeln!(text, "{title}");
        for list in DIRECTORY.iter().chain([&MEMBERS]) {
            let _ = writeln!(text, "  {:<24} {}  ({})", list.name, list.permission, list.role);
        }
    }
    let title = pick(
        lang,
        "The same as a custom role: sekimori collect --plan --format json > role.json; az role definition create --role-definition role.json",
        "同じ内容のカスタム ロールを作成する場合: sekimori collect --plan --format json > role.json; az role definition create --role-definition role.json",
    );
    let _ = writeln!(text, "{title}");
    output::print(&text)
}
