//! What proves a finding besides ports: names and values, the names in the reader's words.

use estate::resource_name;
use posture::{Finding, Lang};

use crate::clean::clean;
use crate::words::pick;

/// Names of facts that are not told just by putting spaces into them, in English and Japanese.
const NAMES: [(&str, &str, &str); 135] = [
    ("address", "address", "アドレス"),
    ("addresses", "addresses", "アドレス数"),
    ("admin_username", "administrator", "管理者名"),
    ("alert_type", "alerts", "アラートの種類"),
    ("alerts", "alerts", "アラート"),
    ("allow_extension_operations", "extensions allowed", "拡張機能の許可"),
    ("allowed_sources", "allowed sources", "許可する接続元"),
    ("amplification", "amplification", "増幅率"),
    ("application", "application", "アプリケーション"),
    ("assignment", "assigned by", "割り当て"),
    ("attestation", "attestation", "構成証明"),
    ("basic", "of the Basic SKU", "Basic SKU のリソース"),
    ("blocked", "machines kept out", "遮断された仮想マシン数"),
    ("check", "check", "チェック"),
    ("check_says", "the check says", "チェックの判定"),
    ("copy_paste", "copy and paste", "コピーと貼り付け"),
    ("condition", "condition", "条件"),
    ("count", "how many", "件数"),
    ("created", "made", "作成日"),
    ("created_days", "days since", "経過日数"),
    ("critical", "critical", "緊急"),
    ("critical_and_security", "critical and security", "重要・セキュリティ"),
    ("cves", "CVEs", "CVE"),
    ("days", "days", "日数"),
    ("defender", "Defender for Cloud", "Defender for Cloud"),
    ("defined_at", "defined at", "定義の場所"),
    ("detail", "in Azure's words", "Azure の説明"),
    ("disable_password_authentication", "password sign-in disabled", "パスワード認証の無効化"),
    ("disk_state", "state of the disk", "ディスクの状態"),
    ("effect", "effect", "効果"),
    ("enable_automatic_updates", "automatic updates", "自動更新"),
    ("encryption", "encryption", "暗号化"),
    ("end", "ends", "終了日"),
    ("entry", "way in", "入口"),
    ("exclusions", "exclusions", "除外設定"),
    ("exploitable", "with known attacks", "攻撃コードあり"),
    ("extended_until", "extended until", "延長サポートの終了日"),
    ("extension", "extension", "拡張機能"),
    ("extension_state", "state of the extension", "拡張機能の状態"),
    ("file_copy", "file copy", "ファイルのコピー"),
    ("fingerprint", "fingerprint", "フィンガープリント"),
    ("generation", "generation", "世代"),
    ("guest_configuration_extension", "machine configuration extension", "マシン構成の拡張機能"),
    ("has_to_be_taken", "has to be taken first", "有効化が必要"),
    ("health_status", "health", "正常性"),
    ("high", "high", "高"),
    ("hole", "the hole", "抜け穴"),
    ("identity", "identity", "マネージド ID"),
    ("image_day", "image of", "イメージの日付"),
    ("image_days", "days since", "経過日数"),
    ("image_version", "version of the image", "イメージのバージョン"),
    ("immutability", "immutability", "不変性"),
    ("in_clear", "in clear", "暗号化されない取得元"),
    ("kind", "kind", "種類"),
    ("kinds", "kinds", "種類"),
    ("last_backup_status", "last backup", "前回のバックアップ"),
    ("lease", "lease", "リース"),
    ("limit_days", "at most days", "上限日数"),
    ("looked_at", "looked at", "評価日"),
    ("low", "low", "低"),
    ("machine", "machine", "仮想マシン"),
    ("machines", "machines", "仮想マシン"),
    ("made_from", "made from", "由来"),
    ("max_duration", "longest", "最大時間"),
    ("max_shares", "sharing machines at most", "共有の上限"),
    ("medium", "medium", "中"),
    ("methods", "methods", "認証方法"),
    ("missing", "missing", "不足"),
    ("narrowed", "narrowed to entities", "対象の限定"),
    ("network_access_policy", "network access", "ネットワーク アクセス"),
    ("newest", "newest", "最新"),
    ("nic", "NIC", "NIC"),
    ("not_a_fixed_version", "not of a fixed version", "版が固定されない取得元"),
    ("off", "off", "無効な機能"),
    ("oldest", "oldest", "最も古いもの"),
    ("oldest_days", "days since", "経過日数"),
    ("open_ports", "ports", "ポート"),
    ("other_ports", "other ports", "ほかのポート"),
    ("part", "part", "該当箇所"),
    ("password", "password", "パスワード"),
    ("patch_mode", "who installs updates", "更新の方式"),
    ("patchable", "mended by an update", "更新で解消できるもの"),
    ("path", "path", "経路"),
    ("people", "people", "人数"),
    ("person", "person", "ユーザー"),
    ("policies", "policies", "ポリシー"),
    ("policy", "policy", "ポリシー"),
    ("port_count", "ports", "ポート数"),
    ("pricing_tier", "plan", "プラン"),
    ("principal", "given to", "割り当て先"),
    ("priority", "priority", "優先度"),
    ("private_ways", "private ways", "プライベートな経路"),
    ("protection_state", "protection", "保護の状態"),
    ("provision_vm_agent", "VM agent", "VM エージェント"),
    ("public_ip", "public IP", "パブリック IP"),
    ("public_network_access", "public network access", "パブリック ネットワーク アクセス"),
    ("recognised_by", "recognised by", "判断の根拠"),
    ("recommendation", "recommendation", "推奨事項"),
    ("recovery_point", "recovery point", "復元ポイント"),
    ("redundancy", "redundancy", "冗長性"),
    ("retention_days", "kept for days", "保持日数"),
    ("risk", "risk", "リスク"),
    ("role", "role", "ロール"),
    ("rule", "rule", "規則"),
    ("sample", "among them", "例"),
    ("schedule", "schedule", "スケジュール"),
    ("scheduled_for_deferred_delete", "to be deleted", "削除の予定"),
    ("scope", "scope", "スコープ"),
    ("secret", "secret", "シークレット"),
    ("security", "security", "セキュリティ"),
    ("series", "series", "シリーズ"),
    ("sign_in", "sign-in", "認証方法"),
    ("since", "since", "開始日"),
    ("size", "size", "サイズ"),
    ("sku", "SKU", "SKU"),
    ("soft_delete", "soft delete", "論理的な削除"),
    ("soft_delete_days", "deleted ones kept for days", "論理的な削除の保持日数"),
    ("ssh_keys", "SSH keys", "SSH 鍵の数"),
    ("state", "state", "状態"),
    ("sub_plan", "sub-plan", "サブプラン"),
    ("subnet", "subnet", "サブネット"),
    ("successor", "successor", "後継"),
    ("system", "system", "OS"),
    ("title", "title", "題名"),
    ("tcp_ports", "TCP ports", "TCP ポート"),
    ("titles", "titles", "アラート名"),
    ("told_by", "told by", "判断の根拠"),
    ("udp_ports", "UDP ports", "UDP ポート"),
    ("unattached_since", "unattached since", "接続されなくなった日"),
    ("until", "until", "期限"),
    ("update", "update", "更新プログラム"),
    ("upgrade", "the upgrade", "移行の影響"),
    ("way_out", "way out", "送信の経路"),
    ("wildcard_in", "wildcard in", "ワイルドカードの場所"),
    ("word", "word", "含まれる語"),
];

/// Values of facts that are words of ours and not of Azure: the fact, the value, and what it is called.
const VALUES: [(&str, &str, &str, &str); 36] = [
    ("check_says", "fail", "fail", "不適合"),
    ("check_says", "pass", "pass", "適合"),
    ("copy_paste", "allowed", "allowed", "許可"),
    ("copy_paste", "off", "off", "無効"),
    ("defender", "Healthy", "healthy", "正常"),
    ("defender", "Unhealthy", "unhealthy", "異常"),
    ("defender", "agrees", "agrees", "同じ判定"),
    ("file_copy", "allowed", "allowed", "許可"),
    ("file_copy", "off", "off", "無効"),
    ("guest_configuration_extension", "installed", "installed", "あり"),
    ("guest_configuration_extension", "none", "none", "なし"),
    ("has_to_be_taken", "false", "no", "いいえ"),
    ("has_to_be_taken", "true", "yes", "はい"),
    ("identity", "none", "none", "なし"),
    ("identity", "yes", "yes", "あり"),
    ("kind", "network-interface", "a NIC", "NIC"),
    ("kind", "nsg", "a network security group", "NSG"),
    ("kind", "subnet", "a subnet", "サブネット"),
    ("kind", "virtual-network", "a virtual network", "仮想ネットワーク"),
    ("made_from", "resource_group", "the resource group", "リソース グループ名"),
    ("made_from", "vm_name", "the name of the VM", "仮想マシン名"),
    ("other_ports", "unknown", "not known", "不明"),
    ("password", "false", "none", "なし"),
    ("password", "true", "yes", "あり"),
    ("schedule", "none", "none", "なし"),
    ("told_by", "image", "the image", "イメージ"),
    ("told_by", "machine", "the machine", "仮想マシン"),
    ("until", "never", "never", "無期限"),
    ("upgrade", "closes", "closes it", "閉じられる"),
    ("upgrade", "keeps", "leaves it as it is", "変わらない"),
    ("way_out", "appliance-or-gateway", "an appliance or a gateway", "アプライアンスまたはゲートウェイ"),
    ("way_out", "default-outbound-access", "default outbound access", "既定の送信アクセス"),
    ("way_out", "load-balancer", "a load balancer", "ロード バランサー"),
    ("way_out", "nat-gateway", "a NAT gateway", "NAT ゲートウェイ"),
    ("way_out", "none", "none", "なし"),
    ("way_out", "public-address", "a public address", "パブリック IP アドレス"),
];

/// How many values of one name people are told; JSON has all.
const TOLD: usize = 20;

/// What proves a finding besides ports, without what its message says already: labels and values.
///
/// Of a name that has many values come [`TOLD`], then how many more there are.
pub(crate) fn facts(finding: &Finding, lang: Lang) -> Vec<(String, String)> {
    let untold = |value: &str| !value.is_empty() && !finding.message.contains(value);
    let mut told = Vec::new();
    for of_one in finding.facts.chunk_by(|(one, _), (other, _)| one == other) {
        let values = of_one.iter().map(|(name, value)| (label(name, lang), said(name, value, lang)));
        let mut values = values.filter(|(_, value)| untold(value));
        told.extend(values.by_ref().take(TOLD));
        let more = values.count();
        if let (Some((name, _)), 1..) = (of_one.first(), more) {
            let words = pick(lang, format!("and {more} more"), format!("ほか {more} 件"));
            told.push((label(name, lang), words));
        }
    }
    told
}

/// The value of a fact as it is told.
fn said(name: &str, value: &str, lang: Lang) -> String {
    match VALUES.iter().find(|(fact, ours, _, _)| *fact == name && *ours == value) {
        Some((_, _, en, ja)) => pick(lang, *en, *ja).to_owned(),
        None => clean(named(value)).into_owned(),
    }
}

/// Of the id of a resource its name: JSON has the whole.
fn named(value: &str) -> &str {
    if value.starts_with("/subscriptions/") { resource_name(value) } else { value }
}

fn label(name: &str, lang: Lang) -> String {
    match (NAMES.iter().find(|(its, _, _)| *its == name), lang) {
        (Some((_, en, _)), Lang::En) => (*en).to_owned(),
        (Some((_, _, ja)), Lang::Ja) => (*ja).to_owned(),
        (None, _) => name.replace('_', " "),
    }
}
