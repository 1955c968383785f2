//! What proves a finding besides ports: names and values, the names in the reader's words.

use estate::resource_name;
use posture::{Finding, Lang};

use crate::clean::clean;

/// Names of facts that are not told just by putting spaces into them, in English and Japanese.
const NAMES: [(&str, &str, &str); 71] = [
    ("addresses", "addresses", "アドレス数"),
    ("admin_username", "administrator", "管理者名"),
    ("alert_type", "alerts", "アラートの種類"),
    ("alerts", "alerts", "アラート"),
    ("allowed_sources", "allowed sources", "許可する接続元"),
    ("check", "check", "チェック"),
    ("check_says", "the check says", "チェックの判定"),
    ("copy_paste", "copy and paste", "コピーと貼り付け"),
    ("count", "how many", "件数"),
    ("created", "made", "作成日"),
    ("created_days", "days since", "経過日数"),
    ("critical", "critical", "緊急"),
    ("critical_and_security", "critical and security", "重要・セキュリティ"),
    ("cves", "CVEs", "CVE"),
    ("days", "days", "日数"),
    ("defender", "Defender for Cloud", "Defender for Cloud"),
    ("detail", "in Azure's words", "Azure の説明"),
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
    ("high", "high", "高"),
    ("identity", "identity", "マネージド ID"),
    ("image_day", "image of", "イメージの日付"),
    ("image_days", "days since", "経過日数"),
    ("image_version", "version of the image", "イメージのバージョン"),
    ("immutability", "immutability", "不変性"),
    ("kind", "kind", "種類"),
    ("kinds", "kinds", "種類"),
    ("lease", "lease", "リース"),
    ("looked_at", "looked at", "評価日"),
    ("low", "low", "低"),
    ("machines", "machines", "仮想マシン"),
    ("max_duration", "longest", "最大時間"),
    ("medium", "medium", "中"),
    ("missing", "missing", "不足"),
    ("more_rules", "further rules", "ほかの規則"),
    ("newest", "newest", "最新"),
    ("oldest", "oldest", "最も古いもの"),
    ("oldest_days", "days since", "経過日数"),
    ("open_ports", "ports", "ポート"),
    ("patch_mode", "who installs updates", "更新の方式"),
    ("patchable", "mended by an update", "更新で解消できるもの"),
    ("path", "path", "経路"),
    ("policies", "policies", "ポリシー"),
    ("port_count", "ports", "ポート数"),
    ("pricing_tier", "plan", "プラン"),
    ("private_ways", "private ways", "プライベートな経路"),
    ("recognised_by", "recognised by", "判断の根拠"),
    ("recommendation", "recommendation", "推奨事項"),
    ("recovery_point", "recovery point", "復元ポイント"),
    ("redundancy", "redundancy", "冗長性"),
    ("retention_days", "kept for days", "保持日数"),
    ("role", "role", "ロール"),
    ("rule", "rule", "規則"),
    ("sample", "among them", "例"),
    ("scope", "scope", "スコープ"),
    ("secret", "secret", "シークレット"),
    ("security", "security", "セキュリティ"),
    ("since", "since", "開始日"),
    ("successor", "successor", "後継"),
    ("titles", "titles", "アラート名"),
    ("until", "until", "期限"),
    ("update", "update", "更新プログラム"),
];

/// What proves a finding besides ports, without what its message says already: labels and values.
pub(crate) fn facts(finding: &Finding, lang: Lang) -> Vec<(String, String)> {
    let short = |value: &str| clean(named(value)).into_owned();
    let untold = |value: &str| !value.is_empty() && !finding.message.contains(value);
    let all = finding.facts.iter().map(|(name, value)| (label(name, lang), short(value)));
    all.filter(|(_, value)| untold(value)).collect()
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
