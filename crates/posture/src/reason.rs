//! Why something is unknown, in words, and what would settle it.

use estate::{Feed, Inside, PolicyGap, Reason, resource_name};

use crate::lang::{Lang, say};

/// The `az` command that lists resources of a type.
fn list_command(resource_type: &str) -> String {
    let command = match resource_type.to_ascii_lowercase().as_str() {
        "microsoft.compute/virtualmachines" => "az vm list -d",
        "microsoft.network/networkinterfaces" => "az network nic list",
        "microsoft.network/publicipaddresses" => "az network public-ip list",
        "microsoft.network/networksecuritygroups" => "az network nsg list",
        "microsoft.network/virtualnetworks" | "microsoft.network/virtualnetworks/subnets" => {
            "az network vnet list"
        }
        "microsoft.network/routetables" => "az network route-table list",
        "microsoft.network/loadbalancers" => "az network lb list",
        "microsoft.network/azurefirewalls" => "az network firewall list",
        "microsoft.network/firewallpolicies" => "az network firewall policy list",
        "microsoft.network/firewallpolicies/rulecollectiongroups" => {
            "az network firewall policy rule-collection-group list"
        }
        "microsoft.network/ipgroups" => "az network ip-group list",
        "microsoft.network/applicationgateways" => "az network application-gateway list",
        "microsoft.compute/virtualmachinescalesets" => "az vmss list",
        "microsoft.compute/galleries/images/versions" => {
            "az sig image-version list -r <GALLERY> -i <IMAGE> -g <RESOURCE-GROUP>"
        }
        "microsoft.security/locations/jitnetworkaccesspolicies" => "az security jit-policy list",
        other => return format!("az resource list --resource-type {other}"),
    };
    command.to_owned()
}

/// The `az` command that shows what a resource forwards.
fn show_command(resource_type: &str) -> String {
    let command = match resource_type.to_ascii_lowercase().as_str() {
        "microsoft.network/loadbalancers" => "az network lb show",
        "microsoft.network/applicationgateways" => "az network application-gateway show",
        "microsoft.network/azurefirewalls" => "az network firewall nat-rule list",
        "microsoft.network/firewallpolicies/rulecollectiongroups" => {
            "az network firewall policy rule-collection-group list"
        }
        "microsoft.network/virtualnetworkgateways" => "az network nic show-effective-route-table",
        "microsoft.network/effectivesecurityadminrules"
        | "microsoft.network/networkmanagers/securityadminconfigurations/rulecollections/rules" => {
            "az network manager list-effective-security-admin-rule"
        }
        other => return format!("az resource list --resource-type {other}"),
    };
    command.to_owned()
}

/// What people call a resource of a type.
fn noun(resource_type: &str, lang: Lang) -> String {
    let (en, ja) = match resource_type.to_ascii_lowercase().as_str() {
        "microsoft.compute/virtualmachines" => ("virtual machine", "仮想マシン"),
        "microsoft.network/networkinterfaces" => ("network interface", "ネットワーク インターフェイス"),
        "microsoft.network/publicipaddresses" => ("public IP address", "パブリック IP アドレス"),
        "microsoft.compute/galleries/images/versions" => ("image of a gallery", "ギャラリーのイメージ"),
        "microsoft.network/networksecuritygroups" => {
            ("network security group", "ネットワーク セキュリティ グループ")
        }
        "microsoft.network/virtualnetworks" => ("virtual network", "仮想ネットワーク"),
        "microsoft.network/virtualnetworks/subnets" => ("subnet", "サブネット"),
        "microsoft.network/routetables" => ("route table", "ルート テーブル"),
        "microsoft.network/loadbalancers" => ("load balancer", "ロード バランサー"),
        "microsoft.network/applicationgateways" => ("application gateway", "アプリケーション ゲートウェイ"),
        "microsoft.network/azurefirewalls" => ("firewall", "Azure Firewall"),
        "microsoft.network/firewallpolicies/rulecollectiongroups" => {
            ("firewall policy's rules", "ファイアウォール ポリシーの規則")
        }
        "microsoft.network/firewallpolicies" => ("firewall policy", "ファイアウォール ポリシー"),
        "microsoft.network/privatelinkservices" => ("private link service", "Private Link サービス"),
        "microsoft.network/localnetworkgateways" => {
            ("local network gateway", "ローカル ネットワーク ゲートウェイ")
        }
        "microsoft.network/ipgroups" => ("IP group", "IP グループ"),
        "microsoft.compute/virtualmachinescalesets" => ("scale set", "仮想マシン スケール セット"),
        "microsoft.network/virtualnetworkgateways" => ("gateway", "仮想ネットワーク ゲートウェイ"),
        "microsoft.security/locations/jitnetworkaccesspolicies" => {
            ("policy of just-in-time access", "Just-In-Time VM アクセスのポリシー")
        }
        "microsoft.network/effectivesecurityadminrules"
        | "microsoft.network/networkmanagers/securityadminconfigurations/rulecollections/rules" => {
            ("security admin rule", "セキュリティ管理規則")
        }
        other => return other.to_owned(),
    };
    match lang {
        Lang::En => en,
        Lang::Ja => ja,
    }
    .to_owned()
}

/// What a source may tell of, in both languages.
fn facts(feed: Feed) -> (&'static str, &'static str) {
    match feed {
        Feed::Machines => ("extensions and disks", "拡張機能とディスク"),
        Feed::Images => ("images of machines", "仮想マシンのイメージ"),
        Feed::Networks => ("networks", "ネットワーク"),
        Feed::Vaults => ("vaults for backups", "バックアップ用のコンテナー"),
        Feed::Backups => ("backups", "バックアップ"),
        Feed::BackupPolicies => ("backup policies", "バックアップ ポリシー"),
        Feed::Updates => ("update assessments", "更新プログラムの評価"),
        Feed::Maintenance => ("update schedules", "更新のスケジュール"),
        Feed::GuestConfiguration => ("guest configuration results", "ゲスト構成の評価結果"),
        Feed::Security => ("data of Defender for Cloud", "Defender for Cloud のデータ"),
        Feed::Contacts => ("security contacts", "セキュリティ連絡先"),
        Feed::SuppressionRules => ("alert suppression rules", "アラートの抑制ルール"),
        Feed::Exports => ("continuous exports", "連続エクスポートの設定"),
        Feed::JitPolicies => ("just-in-time policies", "Just-In-Time VM アクセスのポリシー"),
        Feed::Rights => ("role assignments", "ロールの割り当て"),
        Feed::EligibleRights => ("roles that people may take (PIM)", "PIM の資格のあるロールの割り当て"),
        Feed::AccessPolicies => ("policies of conditional access", "条件付きアクセス ポリシー"),
        Feed::People => ("people of the directory", "ディレクトリのユーザー"),
        Feed::Programs => ("programs of the directory", "サービス プリンシパルの一覧"),
        Feed::Methods => ("methods of authentication that people have", "ユーザーの認証方法の登録状況"),
        Feed::RiskyPeople => ("risky people", "危険なユーザーの一覧"),
        Feed::DirectoryRoles => ("roles of the directory", "ディレクトリ ロールの割り当て"),
        Feed::EligibleRoles => {
            ("roles of the directory that people may take (PIM)", "PIM の資格のあるディレクトリ ロール")
        }
        Feed::TakenRights => ("schedules of roles (PIM)", "PIM のロール割り当てスケジュール"),
    }
}

/// That the input tells nothing of a kind, and what would.
pub(crate) fn nothing_of(feed: Feed, lang: Lang) -> String {
    let ((en, ja), command) = (facts(feed), feed_command(feed));
    say!(
        lang,
        "the input holds no {en}; settled by: {command}",
        "入力に{ja}が含まれていません。解決方法: {command}"
    )
}

/// What facts of a kind are called.
pub fn feed_word(feed: Feed, lang: Lang) -> &'static str {
    let (en, ja) = facts(feed);
    match lang {
        Lang::En => en,
        Lang::Ja => ja,
    }
}

/// The commands that tell.
pub fn feed_command(feed: Feed) -> &'static str {
    match feed {
        Feed::Machines => "sekimori collect; az vm extension list --ids <VM-ID>; az disk list",
        Feed::Images => "sekimori collect; az vm image show --urn <URN>; az sig image-version list",
        Feed::Networks => "sekimori collect; az network vnet list",
        Feed::Vaults => "sekimori collect; az backup vault list",
        Feed::Backups => "sekimori collect; az backup protection check-vm --vm <VM-ID>",
        Feed::BackupPolicies => {
            "sekimori collect; az backup policy list --vault-name <VAULT> -g <RESOURCE-GROUP>"
        }
        Feed::Updates => "sekimori collect; az vm assess-patches --ids <VM-ID>",
        Feed::Maintenance => "sekimori collect; az maintenance assignment list",
        Feed::GuestConfiguration => "sekimori collect; az graph query -q guestconfigurationresources",
        Feed::Security => {
            "sekimori collect; az security assessment list; az security pricing list; az security alert list"
        }
        Feed::Contacts => "sekimori collect; az security contact list",
        Feed::SuppressionRules => "sekimori collect; az security alerts-suppression-rule list",
        Feed::Exports => "sekimori collect; az security automation list",
        Feed::JitPolicies => "sekimori collect; az security jit-policy list",
        Feed::Rights => "sekimori collect; az role assignment list --all",
        Feed::EligibleRights => {
            "sekimori collect; az rest --url '/subscriptions/<ID>/providers/Microsoft.Authorization/roleEligibilityScheduleInstances?api-version=2020-10-01'"
        }
        Feed::AccessPolicies => {
            "sekimori collect; az rest --url 'https://graph.microsoft.com/v1.0/identity/conditionalAccess/policies'"
        }
        Feed::People => {
            "sekimori collect; az rest --url 'https://graph.microsoft.com/v1.0/users?$select=id,displayName,userPrincipalName,userType,accountEnabled'"
        }
        Feed::Programs => {
            "sekimori collect; az rest --url 'https://graph.microsoft.com/v1.0/servicePrincipals?$select=id,displayName,servicePrincipalType'"
        }
        Feed::Methods => {
            "sekimori collect; az rest --url 'https://graph.microsoft.com/v1.0/reports/authenticationMethods/userRegistrationDetails'"
        }
        Feed::DirectoryRoles => {
            "sekimori collect; az rest --url 'https://graph.microsoft.com/v1.0/roleManagement/directory/roleAssignments'"
        }
        Feed::EligibleRoles => {
            "sekimori collect; az rest --url 'https://graph.microsoft.com/v1.0/roleManagement/directory/roleEligibilityScheduleInstances'"
        }
        Feed::TakenRights => {
            "sekimori collect; az rest --url '/subscriptions/<ID>/providers/Microsoft.Authorization/roleAssignmentScheduleInstances?api-version=2020-10-01'"
        }
        Feed::RiskyPeople => {
            "sekimori collect; az rest --url 'https://graph.microsoft.com/v1.0/identityProtection/riskyUsers'"
        }
    }
}

/// The reason in words. Ids are left out, so that the same reason reads the same for every
/// resource.
pub fn reason_text(reason: &Reason, lang: Lang) -> String {
    match reason {
        Reason::Missing { resource_type, .. } => {
            let noun = noun(resource_type, lang);
            say!(
                lang,
                "the {noun} that it refers to is not in the input",
                "参照先の{noun}が入力に含まれていません"
            )
        }
        Reason::Partial { resource_type, .. } => {
            let noun = noun(resource_type, lang);
            say!(
                lang,
                "the input holds only a part of the {noun}",
                "{noun}の情報が入力に一部しか含まれていません"
            )
        }
        Reason::Unreadable { field } => {
            say!(lang, "`{field}` could not be read", "`{field}` を読み取れませんでした")
        }
        Reason::Conflict { field } => {
            say!(lang, "two records disagree about `{field}`", "`{field}` の値がレコード間で食い違っています")
        }
        Reason::Stated { reason } => {
            say!(lang, "the source does not know a value yet: {reason}", "値がまだ確定していません: {reason}")
        }
        Reason::ServiceTag { tag } => say!(
            lang,
            "the list of service tags does not hold `{tag}`",
            "サービス タグ `{tag}` が一覧に含まれていません"
        ),
        Reason::NotModelled { resource_type, id } => {
            let (noun, name) = (noun(resource_type, lang), resource_name(id));
            say!(
                lang,
                "it may be reached by way of the {noun} `{name}`; what that one passes on to whom cannot be told from the input",
                "{noun} `{name}` を経由して到達できる可能性があります (どこへ何を転送するかは入力から分かりません)"
            )
        }
        Reason::Members { id } => {
            let name = resource_name(id);
            say!(
                lang,
                "who is in the group `{name}` is not told",
                "グループ `{name}` のメンバーが分かりません"
            )
        }
        Reason::Rights => say!(
            lang,
            "whether a right holds depends on a role, a condition or a management group that the input does not tell",
            "権限が有効かどうかの判定に必要な情報 (ロール、条件、管理グループ) が入力に含まれていません"
        ),
        Reason::SignInRules => say!(
            lang,
            "what policies of conditional access demand depends on what the input does not tell",
            "条件付きアクセス ポリシーの判定に必要な情報が入力に含まれていません"
        ),
        Reason::SamePriority => say!(
            lang,
            "rules of one priority contradict each other, and which comes first is not known",
            "同じ優先度の規則が矛盾しており、どちらが先に適用されるか分かりません"
        ),
        Reason::NoAddress => say!(
            lang,
            "a rule applies to some addresses only, and it is not known whether this is one of them",
            "一部のアドレスだけに適用される規則があり、対象に含まれるかどうかが分かりません"
        ),
        Reason::SeveralManagers => say!(
            lang,
            "admin rules of several network managers apply, and which manager comes first is not known",
            "複数のネットワーク マネージャーの管理規則が適用され、どちらが先に評価されるか分かりません"
        ),
        Reason::SomeOfSubnet { .. } => say!(
            lang,
            "what forwards sends from any address of its subnet, and not one rule decides on all of these",
            "転送元はサブネット内のどのアドレスからも送信しますが、すべてが 1 つの規則で判定されるわけではありません"
        ),
        Reason::OwnSpace { .. } => say!(
            lang,
            "its network uses these internet addresses as its own; their owner on the internet may send, too",
            "ネットワークがこのインターネット アドレスを独自に使用しており、本来の所有者からも届く可能性があります"
        ),
        Reason::Routed { .. } => say!(
            lang,
            "a route of its subnet leads to these addresses, and nothing in the input tells who has them",
            "サブネットのルートの宛先にこれらのアドレスが含まれますが、誰が使用しているかは入力から分かりません"
        ),
        Reason::AdminRule { .. } => say!(
            lang,
            "a security admin rule may be deployed to its network, and nothing in the input tells",
            "セキュリティ管理規則がネットワークに展開されている可能性がありますが、入力からは分かりません"
        ),
        Reason::Forwarded { .. } => say!(
            lang,
            "a peered network sends on traffic from elsewhere, and nothing in the input tells from where",
            "ピアリング先のネットワークがほかからの通信を転送しますが、送信元は入力からは分かりません"
        ),
        Reason::Appliance { id } => {
            let name = resource_name(id);
            say!(
                lang,
                "the network appliance with the interface `{name}`, which the internet has a way to, may send packets on to it",
                "インターネットから到達できるネットワーク仮想アプライアンス (ネットワーク インターフェイス `{name}`) が転送する可能性があります"
            )
        }
        Reason::FirewallDenies { .. } => say!(
            lang,
            "a firewall sends packets on to it, unless a network rule of the firewall denies them",
            "ファイアウォールが転送しますが、ファイアウォールのネットワーク規則で拒否される可能性があります"
        ),
        Reason::OlderModel { .. } => say!(
            lang,
            "a load balancer forwards to instances that the model does not tell of: they may be made by an older one",
            "ロード バランサーの転送先に、モデルと一致しないインスタンスが含まれています (古いモデルから作成された可能性があります)"
        ),
        Reason::InheritedTranslation { id } => {
            let name = resource_name(id);
            say!(
                lang,
                "Microsoft's documents disagree on whether a firewall inherits the translations of its base policy `{name}`",
                "基本ポリシー `{name}` の DNAT 規則が継承されるかどうかは、Microsoft の文書間で記述が一致していません"
            )
        }
        Reason::SubnetPeering { .. } => say!(
            lang,
            "a peering carries just some subnets",
            "一部のサブネットだけを対象とするピアリングです"
        ),
        Reason::PortlessProtocol => say!(
            lang,
            "whether a rule that names ports counts for a protocol without ports is not known",
            "ポートを指定した規則が、ポートのないプロトコルに適用されるかどうかは分かりません"
        ),
        Reason::SenderAddress { .. } => say!(
            lang,
            "no record tells which public address its packets to the internet come from",
            "インターネットへの送信に使われるパブリック アドレスを示すレコードがありません"
        ),
        Reason::SentElsewhere { .. } => say!(
            lang,
            "a route sends packets by an appliance or a gateway, which decides by itself where they go",
            "ルートによりアプライアンスまたはゲートウェイを経由し、転送されるかどうかはそこで決まります"
        ),
        Reason::RouteWidensVirtualNetwork { .. } => say!(
            lang,
            "a route of its subnet may widen the `VirtualNetwork` tag to internet addresses",
            "サブネットのルートによって `VirtualNetwork` タグがインターネットのアドレスまで広がる可能性があります"
        ),
        Reason::LearntRoutes { .. } => say!(
            lang,
            "a gateway may have learnt routes, which the configuration does not hold",
            "ゲートウェイが学習したルートがある可能性がありますが、構成には含まれません"
        ),
        Reason::ServiceEndpointRoutes { .. } => say!(
            lang,
            "a service endpoint of the subnet has routes of its own to addresses of Azure",
            "サブネットのサービス エンドポイントには、Azure のアドレスへの専用のルートがあります"
        ),
        Reason::RouteByTag { tag } => say!(
            lang,
            "the route for the service tag `{tag}` may be more specific than another one",
            "サービス タグ `{tag}` のルートの方がほかのルートより詳細である可能性があります"
        ),
        Reason::NotAsked { feed } => {
            let (en, ja) = facts(*feed);
            say!(lang, "the input does not tell of all {en}", "入力に{ja}がすべて含まれているとは限りません")
        }
        Reason::NotWhole { feed, action: Some(action) } => {
            let (en, ja) = facts(*feed);
            say!(
                lang,
                "{en} could not be read: the right `{action}` is missing",
                "{ja}を読み取れませんでした (権限 `{action}` がありません)"
            )
        }
        Reason::NotWhole { feed, action: None } => {
            let (en, ja) = facts(*feed);
            say!(lang, "{en} could not be read in full", "{ja}の一部を読み取れませんでした")
        }
        Reason::OldResult { feed } => {
            let (en, ja) = facts(*feed);
            say!(lang, "{en} are older than 7 days", "{ja}が 7 日以上前のものです")
        }
        Reason::NoResult { feed } => {
            let (en, ja) = facts(*feed);
            say!(
                lang,
                "there are no {en} yet, or the machine could not be looked at",
                "{ja}がまだないか、仮想マシンの評価に失敗しています"
            )
        }
        Reason::Schedule { .. } => say!(
            lang,
            "a maintenance schedule may apply to it, and the input does not tell what it installs",
            "メンテナンス スケジュールが適用される可能性がありますが、何がインストールされるかは入力から分かりません"
        ),
        Reason::InsideMachine { what } => match what {
            Inside::Accounts => say!(
                lang,
                "Azure does not know the accounts of a machine that was made from a disk",
                "既存のディスクから作成された仮想マシンのアカウントは、Azure には記録されません"
            ),
            Inside::Malware => say!(
                lang,
                "Azure's records do not tell whether protection that comes with the system is on",
                "OS に付属するマルウェア対策が有効かどうかは、Azure の記録からは分かりません"
            ),
            Inside::Encryption => say!(
                lang,
                "Azure's records do not tell whether the system encrypts its disks by itself",
                "OS 自体がディスクを暗号化しているかどうかは、Azure の記録からは分かりません"
            ),
            Inside::System => say!(
                lang,
                "Azure's records do not tell which system runs on it",
                "どの OS が動作しているかは、Azure の記録からは分かりません"
            ),
            Inside::Updates => say!(
                lang,
                "Azure's records do not tell whether the system installs updates by itself",
                "OS 自体が更新プログラムを自動でインストールするかどうかは、Azure の記録からは分かりません"
            ),
            Inside::Settings => say!(
                lang,
                "Azure does not show the protected settings of an extension",
                "拡張機能の保護された設定は Azure では表示されません"
            ),
        },
        Reason::Policy { gap, what } => policy_text(*gap, what, lang),
        Reason::AzureRoute { prefix } => say!(
            lang,
            "Azure drops what goes to {prefix} at some times and not at others",
            "{prefix} への通信は、時期によって Azure 側で破棄されることがあります"
        ),
    }
}

/// The command or step that would settle it.
pub fn settled_by(reason: &Reason, lang: Lang) -> String {
    match reason {
        Reason::Missing { resource_type, .. } | Reason::Partial { resource_type, .. } => {
            list_command(resource_type)
        }
        Reason::NotModelled { resource_type, .. } => show_command(resource_type),
        Reason::AdminRule { .. } => {
            "az network manager list-effective-security-admin-rule --virtual-network-name <VNET>".to_owned()
        }
        Reason::Forwarded { .. } | Reason::SubnetPeering { .. } => "az network vnet peering list".to_owned(),
        Reason::OlderModel { .. } => "az vmss list-instances".to_owned(),
        Reason::InheritedTranslation { .. } => "az network firewall policy show".to_owned(),
        Reason::PortlessProtocol => say!(
            lang,
            "give rules for ports the protocol TCP or UDP",
            "ポートを指定する規則では、プロトコルに TCP または UDP を指定してください"
        ),
        Reason::SenderAddress { .. } => "az network nic list; az network nat gateway list".to_owned(),
        Reason::Appliance { .. } => {
            say!(lang, "look at the appliance's own rules", "アプライアンス自体の規則を確認してください")
        }
        Reason::FirewallDenies { .. } => "az network firewall show".to_owned(),
        Reason::RouteWidensVirtualNetwork { .. } => "az network nic list-effective-nsg".to_owned(),
        Reason::ServiceTag { .. } => {
            "az network list-service-tags --location <LOCATION> -o json > tags.json; sekimori tags update tags.json".to_owned()
        }
        Reason::NoAddress => "az network nic list".to_owned(),
        Reason::LearntRoutes { .. }
        | Reason::Routed { .. }
        | Reason::SentElsewhere { .. }
        | Reason::ServiceEndpointRoutes { .. }
        | Reason::RouteByTag { .. }
        | Reason::AzureRoute { .. } => "az network nic show-effective-route-table".to_owned(),
        Reason::SeveralManagers => "az network manager list".to_owned(),
        Reason::SomeOfSubnet { .. } => say!(
            lang,
            "decide on the whole subnet of what forwards by one rule",
            "転送元のサブネット全体を 1 つの規則で扱うようにしてください"
        ),
        Reason::OwnSpace { .. } => say!(
            lang,
            "give the network private addresses",
            "ネットワークにはプライベート アドレスを割り当ててください"
        ),
        Reason::SamePriority => {
            say!(lang, "give each rule a priority of its own", "規則ごとに異なる優先度を設定してください")
        }
        Reason::Members { id } => {
            let id = resource_name(id);
            format!("sekimori collect; az rest --url 'https://graph.microsoft.com/v1.0/groups/{id}/transitiveMembers'")
        }
        Reason::Rights | Reason::SignInRules => say!(
            lang,
            "see what it is: sekimori who <SOURCE> --all",
            "不足している情報の確認: sekimori who <SOURCE> --all"
        ),
        Reason::NotAsked { feed } => feed_command(*feed).to_owned(),
        Reason::NotWhole { action: Some(_), .. } => say!(
            lang,
            "a role with this right for who collects: sekimori collect --plan",
            "収集に使うアカウントに、この権限を持つロールを割り当ててください: sekimori collect --plan"
        ),
        Reason::NotWhole { action: None, feed } => feed_command(*feed).to_owned(),
        Reason::OldResult { feed } | Reason::NoResult { feed } => match feed {
            Feed::GuestConfiguration => say!(
                lang,
                "start the VM and wait for its next result: sekimori collect",
                "VM を起動し、次の評価結果を待ってください: sekimori collect"
            ),
            _ => feed_command(*feed).to_owned(),
        },
        Reason::Schedule { .. } => "az maintenance configuration list".to_owned(),
        Reason::InsideMachine { what } => match what {
            Inside::System => "az vm get-instance-view".to_owned(),
            Inside::Malware => "az security assessment list".to_owned(),
            Inside::Accounts | Inside::Encryption | Inside::Updates | Inside::Settings => {
                say!(lang, "look at the machine itself", "仮想マシン内の設定を確認してください")
            }
        },
        Reason::Unreadable { .. } | Reason::Conflict { .. } => say!(
            lang,
            "mend the input: the errors tell where",
            "入力を修正してください (場所はエラーに表示されています)"
        ),
        Reason::Stated { .. } => say!(
            lang,
            "give the value, or check what was deployed",
            "値を指定するか、デプロイ後の環境を点検してください"
        ),
        Reason::Policy { gap, what } => match gap {
            PolicyGap::Field | PolicyGap::Scope => "sekimori collect".to_owned(),
            PolicyGap::Type => format!("az resource list --resource-type {what}"),
            PolicyGap::Parameter => say!(
                lang,
                "give the value in an assignment: --policy ASSIGNMENT.json",
                "割り当てで値を指定してください: --policy ASSIGNMENT.json"
            ),
            PolicyGap::Alias | PolicyGap::Function | PolicyGap::Condition => "az policy state list".to_owned(),
            PolicyGap::Own => {
                say!(lang, "see the check itself", "チェックの定義を確認してください")
            }
        },
    }
}

fn policy_text(gap: PolicyGap, what: &str, lang: Lang) -> String {
    match gap {
        PolicyGap::Alias => say!(
            lang,
            "the policy names `{what}`, an alias that is not in the catalogue",
            "ポリシーの別名 `{what}` がカタログにありません"
        ),
        PolicyGap::Field => say!(
            lang,
            "the policy asks for `{what}`, which the record does not tell",
            "ポリシーが参照する `{what}` がレコードに含まれていません"
        ),
        PolicyGap::Type => say!(
            lang,
            "the policy asks for resources of the type `{what}`, and the input may not hold all of them",
            "ポリシーが参照する種類 `{what}` のリソースが、入力にすべて含まれているとは限りません"
        ),
        PolicyGap::Function => say!(
            lang,
            "what `{what}` gives is known to Azure alone",
            "`{what}` の値は Azure にしか分かりません"
        ),
        PolicyGap::Scope => say!(
            lang,
            "the policy is for the management group `{what}`, and whether the subscription is in it is not told",
            "ポリシーは管理グループ `{what}` が対象ですが、サブスクリプションがそれに属するかどうかが分かりません"
        ),
        PolicyGap::Parameter => say!(
            lang,
            "the parameter `{what}` of the policy has no value",
            "ポリシーのパラメーター `{what}` に値がありません"
        ),
        PolicyGap::Condition => say!(
            lang,
            "a condition of the policy cannot be worked out: {what}",
            "ポリシーの条件を評価できません: {what}"
        ),
        PolicyGap::Own => what.to_owned(),
    }
}
