//! What an export changed and left out, in words.

use posture::Lang;
use template::export::{ChangeKind, Exported, LeftOutKind};

use crate::language::pick;

/// Everything that people should know of an export, a line each.
pub(super) fn told(exported: &Exported, lang: Lang) -> Vec<String> {
    let place = |resource: &str, detail: &str| match detail.is_empty() {
        true => format!("`{resource}`"),
        false => format!("`{resource}` ({detail})"),
    };
    let changes = exported.changes.iter().map(|change| {
        let checks = change.kind.checks().join(", ");
        format!("+ {}: {}  [{checks}]", place(&change.resource, &change.detail), changed(change.kind, lang))
    });
    let left = exported
        .left_out
        .iter()
        .map(|left| format!("- {}: {}", place(&left.resource, &left.detail), left_out(left.kind, lang)));
    changes.chain(left).collect()
}

fn changed(kind: ChangeKind, lang: Lang) -> &'static str {
    match kind {
        ChangeKind::RuleRemoved => {
            pick(lang, "the rule let in too much: removed", "許可範囲が広すぎる規則を削除")
        }
        ChangeKind::RuleNarrowed => {
            pick(lang, "the rule let in too much: narrowed", "許可範囲が広すぎる規則を限定")
        }
        ChangeKind::SignInDenied => pick(
            lang,
            "sign-in from the internet and the network is denied, bastions apart",
            "インターネットとネットワークからのサインインを拒否 (Bastion を除く)",
        ),
        ChangeKind::TrustedSignIn => {
            pick(lang, "trusted addresses may sign in", "信頼するアドレスからのサインインを許可")
        }
        ChangeKind::SendingLimited => {
            pick(lang, "the web and the time service only may be sent to", "送信先を Web と時刻同期に限定")
        }
        ChangeKind::SendingRule => pick(
            lang,
            "the rule let it send to the whole internet: removed or narrowed",
            "インターネット全体への送信を許可する規則を削除または限定",
        ),
        ChangeKind::SubnetGroup => {
            pick(lang, "a security group was added to the subnet", "サブネットにセキュリティ グループを追加")
        }
        ChangeKind::InterfaceGroup => {
            pick(lang, "a security group was added to the interface", "NIC にセキュリティ グループを追加")
        }
        ChangeKind::PublicAddressRemoved => {
            pick(lang, "the public address is gone", "パブリック IP アドレスを削除")
        }
        ChangeKind::PublicAddressStandard => pick(
            lang,
            "the public address is of the Standard SKU",
            "パブリック IP アドレスを Standard SKU に変更",
        ),
        ChangeKind::FloodProtection => pick(
            lang,
            "protection against floods, by the parameter `ddosProtectionMode`",
            "DDoS 保護 (パラメーター `ddosProtectionMode`)",
        ),
        ChangeKind::NatGateway => {
            pick(lang, "the subnet leaves by a NAT gateway", "送信を NAT ゲートウェイ経由に変更")
        }
        ChangeKind::DefaultOutboundOff => {
            pick(lang, "Azure lends no outbound address any more", "既定の送信アクセスを無効化")
        }
        ChangeKind::Bastion => pick(
            lang,
            "Azure Bastion, by the parameter `deployBastion`",
            "Azure Bastion (パラメーター `deployBastion`)",
        ),
        ChangeKind::ForwardingOff => pick(lang, "it forwards packets no more", "IP 転送を無効化"),
        ChangeKind::AdminName => {
            pick(lang, "the administrator's name is a parameter", "管理者名をパラメーター化")
        }
        ChangeKind::KeysOnly => pick(lang, "SSH takes keys only", "SSH を鍵認証に限定"),
        ChangeKind::TrustedLaunch => pick(
            lang,
            "trusted launch, secure boot and a virtual TPM",
            "トラステッド起動、セキュア ブート、vTPM を有効化",
        ),
        ChangeKind::EncryptionAtHost => pick(lang, "encryption at host", "ホストでの暗号化を有効化"),
        ChangeKind::DiskAccess => pick(
            lang,
            "the disk cannot be downloaded over networks",
            "ネットワーク経由のディスク エクスポートを禁止",
        ),
        ChangeKind::ManagedDisk => pick(lang, "a managed disk", "マネージド ディスクに変更"),
        ChangeKind::Patching => pick(
            lang,
            "the platform installs updates and looks for them",
            "更新プログラムの自動インストールと評価を有効化",
        ),
        ChangeKind::Agent => {
            pick(lang, "the agent and extensions are allowed", "エージェントと拡張機能を許可")
        }
        ChangeKind::WinRm => {
            pick(lang, "WinRM without TLS is not configured", "TLS なしの WinRM を設定しない")
        }
        ChangeKind::BootDiagnostics => pick(lang, "boot diagnostics", "ブート診断を有効化"),
        ChangeKind::Identity => pick(lang, "an identity of its own", "システム割り当てマネージド ID を追加"),
        ChangeKind::GuestAttestation => {
            pick(lang, "the extension GuestAttestation", "GuestAttestation 拡張機能を追加")
        }
        ChangeKind::GuestPolicy => {
            pick(lang, "the extension for guest configuration", "ゲスト構成の拡張機能を追加")
        }
        ChangeKind::EntraSignIn => {
            pick(lang, "the extension for sign-in with Entra ID", "Entra ID サインインの拡張機能を追加")
        }
        ChangeKind::Antimalware => pick(lang, "Microsoft Antimalware", "Microsoft Antimalware を追加"),
        ChangeKind::JustInTime => pick(
            lang,
            "just-in-time access, by the parameter `deployJustInTime`",
            "Just-In-Time アクセス (パラメーター `deployJustInTime`)",
        ),
        ChangeKind::Backup => pick(
            lang,
            "backup, by the parameter `deployBackup`",
            "バックアップ (パラメーター `deployBackup`)",
        ),
    }
}

fn left_out(kind: LeftOutKind, lang: Lang) -> &'static str {
    match kind {
        LeftOutKind::DataDiskContents => pick(
            lang,
            "the data disk is made empty: copy its contents",
            "データ ディスクは空で作成されます。内容は別途コピーしてください",
        ),
        LeftOutKind::DataDisk => {
            pick(lang, "the data disk, whose size is not told", "サイズが不明なデータ ディスク")
        }
        LeftOutKind::StartupData => pick(
            lang,
            "customData or userData, which may be secret",
            "customData または userData (シークレットの可能性があるため)",
        ),
        LeftOutKind::AccountSecrets => pick(lang, "certificates and answer files", "証明書と応答ファイル"),
        LeftOutKind::Extension => pick(
            lang,
            "the extension: it runs scripts, needs secrets or is not known",
            "拡張機能 (スクリプトの実行、シークレットが必要、または未知のもの)",
        ),
        LeftOutKind::ProtectedSettings => pick(
            lang,
            "protected settings of the extension, which Azure shows to nobody",
            "拡張機能の保護された設定 (Azure は表示しません)",
        ),
        LeftOutKind::ExtensionSettings => pick(
            lang,
            "settings of the extension, which may be secret",
            "拡張機能の設定 (シークレットの可能性があるため)",
        ),
        LeftOutKind::DefenderExtension => pick(
            lang,
            "the extension that Defender for Cloud puts in place",
            "Defender for Cloud が配置する拡張機能",
        ),
        LeftOutKind::Tag => pick(lang, "the tag, which looks like a secret", "シークレットと思われるタグ"),
        LeftOutKind::Description => {
            pick(lang, "the description, which looks like a secret", "シークレットと思われる説明")
        }
        LeftOutKind::TemporaryRule => {
            pick(lang, "the rule that was opened for a while", "一時的に開かれた規則")
        }
        LeftOutKind::Peering => {
            pick(lang, "the peering: the other side has to agree", "ピアリング (相手側の設定が必要)")
        }
        LeftOutKind::Reference => {
            pick(lang, "stands elsewhere: kept as its id", "入力にないため ID のまま参照しています")
        }
        LeftOutKind::Placement => pick(
            lang,
            "host, scale set or group that it was placed in",
            "ホスト、スケール セット、配置グループ",
        ),
        LeftOutKind::Image => {
            pick(lang, "the image is not told: a parameter", "イメージが不明なためパラメーターにしました")
        }
        LeftOutKind::PrivateWay => {
            pick(lang, "the bastion or gateway of the network", "ネットワークの Bastion またはゲートウェイ")
        }
        LeftOutKind::TrustedLaunch => pick(
            lang,
            "not hardened: the image is of the first generation, or nobody can tell",
            "未適用: イメージが第 1 世代、または世代が不明 (トラステッド起動)",
        ),
        LeftOutKind::PlatformUpdates => pick(
            lang,
            "not hardened: updates by the platform are for images of the Marketplace",
            "未適用: 自動更新は Marketplace のイメージ用 (更新)",
        ),
        LeftOutKind::EntraSignIn => pick(
            lang,
            "not hardened: the image does not take sign-in with Entra ID",
            "未適用: イメージが Entra ID サインインに対応していません",
        ),
        LeftOutKind::DefenderForEndpoint => pick(
            lang,
            "not hardened: Defender for Endpoint comes with Defender for Servers",
            "未適用: Defender for Endpoint は Defender for Servers で有効にします",
        ),
        LeftOutKind::SystemDiskAccess => pick(
            lang,
            "not hardened: the system's disk can be downloaded until it is told otherwise",
            "未適用: OS ディスクのエクスポート制限は作成後に設定します",
        ),
        LeftOutKind::FlowLogs => pick(
            lang,
            "not hardened: flow logs stand in the resource group of Network Watcher",
            "未適用: フロー ログは Network Watcher のリソース グループに作成します",
        ),
        LeftOutKind::VaultLock => pick(
            lang,
            "not hardened: the vault is not locked, which cannot be taken back",
            "未適用: コンテナーのロックは取り消せないため行いません",
        ),
        LeftOutKind::Backup => pick(
            lang,
            "backed up already, to a vault elsewhere",
            "別のコンテナーで既にバックアップされています",
        ),
    }
}
