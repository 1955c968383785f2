//! What follows the options in the help of a command: exit codes and examples.

pub(super) const TAGS_HELP: &str = "\
Examples:
  sekimori tags show AzureCloud.japaneast
  sekimori tags update ServiceTags_Public_20261116.json
  az network list-service-tags --location japaneast -o json > tags.json
  sekimori tags update tags.json --date \"$(date +%F)\"
  sekimori tags reset";

pub(super) const TAGS_HELP_JA: &str = "\
例:
  sekimori tags show AzureCloud.japaneast
  sekimori tags update ServiceTags_Public_20261116.json
  az network list-service-tags --location japaneast -o json > tags.json
  sekimori tags update tags.json --date \"$(date +%F)\"
  sekimori tags reset";

pub(super) const POLICY_HELP: &str = "\
Examples:
  sekimori policy list examples/watched-estate
  sekimori policy list estate.ndjson.zst --policy policies/
  sekimori check estate.ndjson.zst --policy builtin --policy policies/
  sekimori policy new no_owner --to policies && sekimori policy test policies
  sekimori policy input examples/small-company
  git clone --depth 1 https://github.com/Azure/azure-policy
  sekimori policy update azure-policy/built-in-policies/policyDefinitions --date \"$(date +%F)\"
  sekimori policy reset";

pub(super) const POLICY_HELP_JA: &str = "\
例:
  sekimori policy list examples/watched-estate
  sekimori policy list estate.ndjson.zst --policy policies/
  sekimori check estate.ndjson.zst --policy builtin --policy policies/
  sekimori policy new no_owner --to policies && sekimori policy test policies
  sekimori policy input examples/small-company
  git clone --depth 1 https://github.com/Azure/azure-policy
  sekimori policy update azure-policy/built-in-policies/policyDefinitions --date \"$(date +%F)\"
  sekimori policy reset";

pub(super) const CHECK_HELP: &str = "\
Exit codes:
  0  no finding at or above --fail-on
  1  such a finding
  2  wrong usage, or nothing usable could be read
  3  some input could not be read in full, or a check named by --require is unknown

Examples:
  sekimori check examples/small-company
  az network nsg list -o json | sekimori check -
  sekimori check estate.ndjson.zst --format json --select NET --fail-on high
  sekimori check estate -o report.html -o report.sarif
  sekimori check estate --baseline last-week.json --fail-on-new";

pub(super) const CHECK_HELP_JA: &str = "\
終了コード:
  0  --fail-on 以上の検出なし
  1  --fail-on 以上の検出あり
  2  使い方の誤り、または有効な入力なし
  3  入力の一部を読み取れない、または --require のチェックが不明

例:
  sekimori check examples/small-company
  az network nsg list -o json | sekimori check -
  sekimori check estate.ndjson.zst --format json --select NET --fail-on high
  sekimori check estate -o report.html -o report.sarif
  sekimori check estate --baseline last-week.json --fail-on-new";

pub(super) const COLLECT_HELP: &str = "Exit codes:
  0  everything was read
  2  wrong usage, nobody is signed in, or Azure does not answer
  3  something may not be read, or could not be in full: the manifest tells what

Examples:
  sekimori collect -o estate.ndjson.zst
  sekimori collect -o estate.ndjson.zst --subscription 00000000-0000-0000-0000-000000000000
  sekimori collect -o today.ndjson.zst --since yesterday.ndjson.zst
  sekimori collect --plan
  sekimori check estate.ndjson.zst";

pub(super) const COLLECT_HELP_JA: &str = "終了コード:
  0  すべて読み取り済み
  2  使い方の誤り、サインインしていない、または Azure が応答しない
  3  読み取る権限がない、または完全には読み取れないものがある (マニフェストに記録)

例:
  sekimori collect -o estate.ndjson.zst
  sekimori collect -o estate.ndjson.zst --subscription 00000000-0000-0000-0000-000000000000
  sekimori collect -o today.ndjson.zst --since yesterday.ndjson.zst
  sekimori collect --plan
  sekimori check estate.ndjson.zst";

pub(super) const DIFF_HELP: &str = "Exit codes:
  0  nobody gets anywhere who did not before
  1  an exposure appeared, widened, moved or became uncertain
  2  wrong usage, or nothing usable could be read
  3  some input could not be read in full

Examples:
  sekimori diff before.json after.json
  sekimori diff before after --from anywhere --format json";

pub(super) const DIFF_HELP_JA: &str = "終了コード:
  0  新たに到達できるようになったものはない
  1  公開が増えた、送信元が広がった・変わった、または不確実になった
  2  使い方の誤り、または読み取れる入力なし
  3  入力の一部を読み取れない

例:
  sekimori diff before.json after.json
  sekimori diff before after --from anywhere --format json";

pub(super) const REACH_HELP: &str = "Exit codes:
  0  answered
  2  wrong usage, or no such VM
  3  some input could not be read in full

Examples:
  sekimori reach estate --to web1
  sekimori reach estate --to web1 --port 22 --from internet
  sekimori reach estate --to db1 --from web1 --output paths.html";

pub(super) const REACH_HELP_JA: &str = "終了コード:
  0  回答済み
  2  使い方の誤り、または該当する VM なし
  3  入力の一部を読み取れない

例:
  sekimori reach estate --to web1
  sekimori reach estate --to web1 --port 22 --from internet
  sekimori reach estate --to db1 --from web1 --output paths.html";

pub(super) const TRUTH_HELP: &str = "Azure answers only for VMs that run. It needs these rights, which Reader does not have (Network Contributor does):
  Microsoft.Network/networkWatchers/ipFlowVerify/action
  Microsoft.Network/networkInterfaces/effectiveNetworkSecurityGroups/action

Exit codes:
  0  Azure agrees
  1  some answers differ
  2  wrong usage, or nobody is signed in
  3  Azure did not answer everything, or some input could not be read

Examples:
  sekimori truth
  sekimori truth estate.ndjson.zst --sample 50
  sekimori truth --batch expectations.ndjson
  sekimori truth --all --format json";

pub(super) const TRUTH_HELP_JA: &str = "Azure が回答するのは実行中の VM だけです。次の権限が必要です (Reader には含まれません。Network Contributor に含まれます):
  Microsoft.Network/networkWatchers/ipFlowVerify/action
  Microsoft.Network/networkInterfaces/effectiveNetworkSecurityGroups/action

終了コード:
  0  Azure と一致
  1  一致しない回答あり
  2  使い方の誤り、またはサインインしていない
  3  Azure が回答しなかった質問がある、または入力の一部を読み取れない

例:
  sekimori truth
  sekimori truth estate.ndjson.zst --sample 50
  sekimori truth --batch expectations.ndjson
  sekimori truth --all --format json";

pub(super) const FLOW_HELP: &str = "\
Exit codes:
  0  answered (and every `expect` of a batch holds)
  1  an `expect` of a batch does not hold
  2  wrong usage, or no such VM, NIC or address
  3  some input could not be read in full, or a question of a batch not answered

Examples:
  sekimori flow estate/ --vm web1 --direction inbound --protocol TCP --local 10.0.0.4:22 --remote 203.0.113.7:*
  sekimori flow estate/ --batch questions.ndjson";

pub(super) const FLOW_HELP_JA: &str = "\
終了コード:
  0  回答済み (--batch の `expect` がすべて一致)
  1  --batch の `expect` に不一致あり
  2  使い方の誤り、または該当する VM・NIC・アドレスなし
  3  入力の一部を読み取れない、または --batch に回答できない質問あり

例:
  sekimori flow estate/ --vm web1 --direction inbound --protocol TCP --local 10.0.0.4:22 --remote 203.0.113.7:*
  sekimori flow estate/ --batch questions.ndjson";

pub(super) const ROUTES_HELP: &str = "\
Exit codes:
  0  answered in full
  2  wrong usage, or no such NIC
  3  some of the answer is not known, or some input could not be read

Examples:
  sekimori effective-routes estate --nic web1-nic
  sekimori effective-routes estate --nic rg-web/web1-nic";

pub(super) const ROUTES_HELP_JA: &str = "\
終了コード:
  0  すべて回答
  2  使い方の誤り、または該当する NIC なし
  3  回答の一部が不明、または入力の一部を読み取れない

例:
  sekimori effective-routes estate --nic web1-nic
  sekimori effective-routes estate --nic rg-web/web1-nic";

pub(super) const NEXT_HOP_HELP: &str = "\
Exit codes:
  0  answered
  2  wrong usage, or no such VM or NIC
  3  not known, or some input could not be read

Examples:
  sekimori next-hop estate --vm web1 --source-ip 10.0.0.4 --dest-ip 203.0.113.7
  sekimori next-hop estate --vm rg-web/web1 --source-ip 10.0.0.4 --dest-ip 10.9.0.4";

pub(super) const NEXT_HOP_HELP_JA: &str = "\
終了コード:
  0  回答済み
  2  使い方の誤り、または該当する VM・NIC なし
  3  不明、または入力の一部を読み取れない

例:
  sekimori next-hop estate --vm web1 --source-ip 10.0.0.4 --dest-ip 203.0.113.7
  sekimori next-hop estate --vm rg-web/web1 --source-ip 10.0.0.4 --dest-ip 10.9.0.4";

pub(super) const WHAT_IF_HELP: &str = "\
What is not given is left open, and the answer tells what is demanded for each part of it.
SOURCE holds lists of Microsoft Graph as `az rest` prints them, or is a snapshot of `sekimori collect`.

Exit codes:
  0  answered
  2  wrong usage, or no such person
  3  some of it is not known, or some input could not be read

Examples:
  sekimori what-if policies.json users.json --user mizuno@example.com
  sekimori what-if estate.ndjson --user mizuno@example.com --app linux-vm --ip 203.0.113.7 --client browser
  sekimori what-if estate.ndjson --user mizuno@example.com --device isCompliant=True --device trustType=AzureAD";

pub(super) const WHAT_IF_HELP_JA: &str = "\
指定しなかった条件は未指定のまま扱い、場合ごとに何が要求されるかを示します。
SOURCE には `az rest` で取得した Microsoft Graph の一覧、または `sekimori collect` のスナップショットを指定します。

終了コード:
  0  回答済み
  2  使い方の誤り、または該当するユーザーなし
  3  一部が不明、または入力の一部を読み取れない

例:
  sekimori what-if policies.json users.json --user mizuno@example.com
  sekimori what-if estate.ndjson --user mizuno@example.com --app linux-vm --ip 203.0.113.7 --client browser
  sekimori what-if estate.ndjson --user mizuno@example.com --device isCompliant=True --device trustType=AzureAD";

pub(super) const IMPORT_HELP: &str = "\
For each rule of theirs that a check of ours judges, too: whether both find it, only they, only we, or one passes what the other
finds. Rules without a check of ours are counted; what belongs to no resource of SOURCE is told.

Exit codes:
  0  compared, and nobody passes what the other finds
  1  they pass something that we find, or we pass something that they find
  2  wrong usage, or nothing usable could be read
  3  some input could not be read in full

Examples:
  sekimori import estate.ndjson --from prowler-output.ocsf.json
  sekimori import estate --from results_sarif.sarif --from recommendations.csv --format json";

pub(super) const IMPORT_HELP_JA: &str = "\
ほかのツールの規則のうち、Sekimori のチェックと同じ内容を判定するものについて、双方が検出、どちらかだけが検出、一方が検出して他方が
適合、のいずれかを示します。対応するチェックがない規則は件数を示し、SOURCE のリソースに対応付けられない結果も
示します。

終了コード:
  0  比較済み (検出と適合の食い違いなし)
  1  検出と適合の食い違いあり
  2  使い方の誤り、または有効な入力なし
  3  入力の一部を読み取れない

例:
  sekimori import estate.ndjson --from prowler-output.ocsf.json
  sekimori import estate --from results_sarif.sarif --from recommendations.csv --format json";

pub(super) const WHO_HELP: &str = "\
Joins four things: from where packets get to the VM's login, who has a right to log in or to act on it, what policies of
conditional access demand of them, and what goes past all of these: accounts of the VM itself, run commands, extensions,
the serial console, copies of disks. What the sources do not hold is unknown, and said.

Exit codes:
  0  answered
  2  wrong usage, or no such VM or person
  3  some of it is not known, or some input could not be read

Examples:
  sekimori who estate.ndjson web1
  sekimori who estate.ndjson --all --format json
  sekimori who estate.ndjson --person mizuno@example.com --output mizuno.html
  sekimori who web1 --subscription 11111111-1111-1111-1111-111111111111";

pub(super) const WHO_HELP_JA: &str = "\
VM のログイン ポートに到達できる送信元、ログインや操作の権限を持つユーザー、条件付きアクセス ポリシーの要求、およびこれらを
すべて迂回する手段 (VM 自体のアカウント、コマンドの実行、拡張機能、シリアル コンソール、ディスクのコピー) をまとめて示します。
入力にない情報は「不明」として示します。

終了コード:
  0  回答済み
  2  使い方の誤り、または該当する VM やユーザーなし
  3  一部が不明、または入力の一部を読み取れない

例:
  sekimori who estate.ndjson web1
  sekimori who estate.ndjson --all --format json
  sekimori who estate.ndjson --person mizuno@example.com --output mizuno.html
  sekimori who web1 --subscription 11111111-1111-1111-1111-111111111111";

pub(super) const VERIFY_HELP: &str = "\
Exit codes:
  0  every packet gets through, by the rules that the report names
  1  one does not, or by other rules
  2  wrong usage, or nothing usable could be read
  3  nobody can tell for one, or some input could not be read in full

Examples:
  sekimori check estate -o report.json
  sekimori verify-evidence report.json estate";

pub(super) const VERIFY_HELP_JA: &str = "\
終了コード:
  0  すべてのパケットが、レポートの示す規則によって許可される
  1  許可されない、または別の規則による
  2  使い方の誤り、または有効な入力なし
  3  判定できないものがある、または入力の一部を読み取れない

例:
  sekimori check estate -o report.json
  sekimori verify-evidence report.json estate";

pub(super) const CONFIG_HELP: &str = "\
Examples:
  sekimori config check
  sekimori config show
  sekimori config schema > sekimori-toml.schema.json";

pub(super) const CONFIG_HELP_JA: &str = "\
例:
  sekimori config check
  sekimori config show
  sekimori config schema > sekimori-toml.schema.json";

pub(super) const COMPLETIONS_HELP: &str = "\
Examples:
  sekimori completions bash > ~/.local/share/bash-completion/completions/sekimori
  sekimori completions zsh > \"${fpath[1]}/_sekimori\"
  sekimori completions fish > ~/.config/fish/completions/sekimori.fish
  sekimori completions powershell >> $PROFILE";

pub(super) const COMPLETIONS_HELP_JA: &str = "\
例:
  sekimori completions bash > ~/.local/share/bash-completion/completions/sekimori
  sekimori completions zsh > \"${fpath[1]}/_sekimori\"
  sekimori completions fish > ~/.config/fish/completions/sekimori.fish
  sekimori completions powershell >> $PROFILE";

pub(super) const EXPAND_HELP: &str = "What is known only at deployment is printed as {\"$unknown\":{\"reason\":…}}, names that are not known with
placeholders ({vmName}). Secrets are not printed.

Exit codes:
  0  expanded
  2  wrong usage, or nothing to expand
  3  a template is at fault, or could not be read in full

Examples:
  sekimori expand azuredeploy.json --parameters azuredeploy.parameters.json
  sekimori expand main.bicep -p vmName=web1 -g web --format text
  terraform show -json plan.out | sekimori expand -";
pub(super) const EXPAND_HELP_JA: &str = "デプロイ時に決まる値は {\"$unknown\":{\"reason\":…}}、名前の中の不明な部分は {vmName} のように出力します。
シークレットは出力しません。

終了コード:
  0  すべて展開
  2  使い方の誤り、または展開するものがない
  3  テンプレートに誤りがある、または一部を読み取れない

例:
  sekimori expand azuredeploy.json --parameters azuredeploy.parameters.json
  sekimori expand main.bicep -p vmName=web1 -g web --format text
  terraform show -json plan.out | sekimori expand -";

pub(super) const EXPORT_HELP: &str = "Secrets, scripts and what Azure makes by itself are left out; what was changed (+) and left out (-) is told on
standard error. `sekimori check` judges the template before you deploy it.

Exit codes:
  0  written
  2  wrong usage, or no such machine
  3  some input could not be read in full

Examples:
  sekimori export web1 --hardened -o web1.json
  sekimori export web1 db1 --source estate.ndjson.zst --hardened --allow 203.0.113.0/28 -o shop.json
  sekimori check web1.json";
pub(super) const EXPORT_HELP_JA: &str =
    "シークレット、スクリプト、Azure が自動生成する値は含めません。変更点 (+) と含めなかったもの (-) は
標準エラー出力に示します。デプロイ前に `sekimori check` で判定できます。

終了コード:
  0  書き出し済み
  2  使い方の誤り、または該当する仮想マシンなし
  3  入力の一部を読み取れない

例:
  sekimori export web1 --hardened -o web1.json
  sekimori export web1 db1 --source estate.ndjson.zst --hardened --allow 203.0.113.0/28 -o shop.json
  sekimori check web1.json";

pub(super) const FIX_HELP: &str = "Login ports are narrowed to approved sources; where there are none, a lease takes the place of the rule (--lease, or
just-in-time access that is there); else you are asked. Nothing is changed without --apply; then an undo file is written
first. Every change of a rule or an address is proved on the changed estate before.

Exit codes:
  0  everything that was found can be closed (with --apply: is closed)
  1  something is left: to be decided, refused, or failed
  2  wrong usage, or nothing usable could be read
  3  some input could not be read in full

Examples:
  sekimori fix examples/small-company --approve 203.0.113.0/24
  sekimori fix estate.ndjson.zst --select NET --close --keep 'internet -> web1:443' --format az
  sekimori fix --select NET001 --approve 203.0.113.0/24 --my-address 203.0.113.7 --apply
  sekimori fix --undo sekimori-undo-20261127T101500Z.ndjson
  sekimori fix --private web1";
pub(super) const FIX_HELP_JA: &str = "ログイン用ポートの規則は承認済みの接続元に限定します。承認済みの接続元がない場合は一時的な許可に置き換え
(--lease、または設定済みの JIT VM アクセス)、どちらもなければ判断を求めます。--apply を指定しない限り何も変更しません。
適用時は先に取り消し用ファイルを書き込みます。規則とアドレスの変更は、変更後の環境で事前に証明します。

終了コード:
  0  すべての検出を是正できる (--apply: 是正した)
  1  要判断、中止、または失敗した項目が残っている
  2  使い方の誤り、または有効なデータなし
  3  入力の一部を読み取れない

例:
  sekimori fix examples/small-company --approve 203.0.113.0/24
  sekimori fix estate.ndjson.zst --select NET --close --keep 'internet -> web1:443' --format az
  sekimori fix --select NET001 --approve 203.0.113.0/24 --my-address 203.0.113.7 --apply
  sekimori fix --undo sekimori-undo-20261127T101500Z.ndjson
  sekimori fix --private web1";
