//! The words around findings, in both languages.

use posture::{Checkpoint, Day, Lang, Severity};

/// Labels. A missing one does not compile.
pub(crate) struct Words {
    pub(crate) way_in: &'static str,
    pub(crate) proof: &'static str,
    pub(crate) replies: &'static str,
    pub(crate) sources: &'static str,
    pub(crate) facts: &'static str,
    pub(crate) also: &'static str,
    pub(crate) help: &'static str,
    pub(crate) internet: &'static str,
    pub(crate) subnet_group: &'static str,
    pub(crate) nic_group: &'static str,
    pub(crate) none: &'static str,
    pub(crate) why: &'static str,
    pub(crate) fix: &'static str,
    pub(crate) references: &'static str,
    pub(crate) code: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) checkpoint: &'static str,
    pub(crate) check: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) passed: &'static str,
    pub(crate) unknown: &'static str,
    pub(crate) not_assessed: &'static str,
    pub(crate) findings: &'static str,
    pub(crate) settled_by: &'static str,
    pub(crate) until: &'static str,
    pub(crate) count: &'static str,
    pub(crate) position: &'static str,
    pub(crate) could_not_be_judged: &'static str,
    pub(crate) could_not_be_read: &'static str,
    pub(crate) suppressed: &'static str,
    pub(crate) fixed: &'static str,
    pub(crate) changed: &'static str,
    pub(crate) unsettled: &'static str,
    pub(crate) settings: &'static str,
    pub(crate) notices: &'static str,
    pub(crate) report: &'static str,
    pub(crate) new: &'static str,
    pub(crate) pass: &'static str,
    pub(crate) slug: &'static str,
}

const EN: Words = Words {
    way_in: "way in",
    proof: "proof",
    replies: "replies",
    sources: "sources",
    facts: "facts",
    also: "also",
    help: "help",
    internet: "internet",
    subnet_group: "subnet group",
    nic_group: "NIC group",
    none: "none",
    why: "Why",
    fix: "What to do",
    references: "References",
    code: "Code",
    severity: "Severity",
    checkpoint: "Checkpoint",
    check: "Check",
    failed: "Failed",
    passed: "Passed",
    unknown: "Unknown",
    not_assessed: "Not assessed",
    findings: "Findings",
    settled_by: "Settled by",
    until: "Until",
    count: "Count",
    position: "Position",
    could_not_be_judged: "could not be judged",
    could_not_be_read: "could not be read",
    suppressed: "suppressed",
    fixed: "fixed since the baseline",
    changed: "found in the baseline, and now for another cause",
    settings: "settings of the team",
    unsettled: "found in the baseline, could not be looked at again",
    notices: "notices",
    report: "Sekimori report",
    new: "new",
    pass: "pass",
    slug: "Name",
};

const JA: Words = Words {
    way_in: "経路",
    proof: "証拠",
    replies: "応答",
    sources: "接続元",
    facts: "詳細",
    also: "ほか",
    help: "対処",
    internet: "インターネット",
    subnet_group: "サブネットの NSG",
    nic_group: "NIC の NSG",
    none: "なし",
    why: "理由",
    fix: "対処方法",
    references: "参考",
    code: "コード",
    severity: "重大度",
    checkpoint: "点検項目",
    check: "チェック",
    failed: "検出",
    passed: "適合",
    unknown: "不明",
    not_assessed: "未評価",
    findings: "検出結果",
    settled_by: "解決方法",
    until: "期限",
    count: "件数",
    position: "位置",
    could_not_be_judged: "判定できなかった項目",
    could_not_be_read: "読み取れなかった箇所",
    suppressed: "抑制中",
    fixed: "前回から解消",
    changed: "前回とは別の原因で検出",
    settings: "独自の設定",
    unsettled: "前回検出し、今回は確認できなかった項目",
    notices: "お知らせ",
    report: "Sekimori 点検レポート",
    new: "新規",
    pass: "適合",
    slug: "名前",
};

pub(crate) fn words(lang: Lang) -> &'static Words {
    match lang {
        Lang::En => &EN,
        Lang::Ja => &JA,
    }
}

/// One of two texts, by language.
pub(crate) fn pick<T>(lang: Lang, en: T, ja: T) -> T {
    match lang {
        Lang::En => en,
        Lang::Ja => ja,
    }
}

/// What people call a severity.
pub fn severity_word(severity: Severity, lang: Lang) -> &'static str {
    match (lang, severity) {
        (Lang::En, severity) => severity.name(),
        (Lang::Ja, Severity::Critical) => "緊急",
        (Lang::Ja, Severity::High) => "高",
        (Lang::Ja, Severity::Medium) => "中",
        (Lang::Ja, Severity::Low) => "低",
    }
}

/// What people call a checkpoint.
pub fn checkpoint_word(checkpoint: Checkpoint, lang: Lang) -> &'static str {
    match (lang, checkpoint) {
        (Lang::En, Checkpoint::Accounts) => "accounts",
        (Lang::En, Checkpoint::Entra) => "Entra ID sign-in",
        (Lang::En, Checkpoint::Rbac) => "RBAC",
        (Lang::En, Checkpoint::ConditionalAccess) => "conditional access",
        (Lang::En, Checkpoint::IdentityProtection) => "identity protection",
        (Lang::En, Checkpoint::Jit) => "just-in-time access",
        (Lang::En, Checkpoint::Sources) => "source addresses",
        (Lang::En, Checkpoint::Ports) => "needless ports",
        (Lang::En, Checkpoint::Udp) => "UDP",
        (Lang::En, Checkpoint::Ddos) => "DDoS protection",
        (Lang::En, Checkpoint::Hardening) => "hardening",
        (Lang::En, Checkpoint::Updates) => "updates",
        (Lang::En, Checkpoint::Malware) => "malware protection",
        (Lang::En, Checkpoint::Encryption) => "disk encryption",
        (Lang::En, Checkpoint::Backup) => "backup",
        (Lang::En, Checkpoint::Defender) => "Defender for Cloud",
        (Lang::En, Checkpoint::NoPublicIp) => "no public IP",
        (Lang::Ja, Checkpoint::Accounts) => "アカウント",
        (Lang::Ja, Checkpoint::Entra) => "Entra ID サインイン",
        (Lang::Ja, Checkpoint::Rbac) => "RBAC",
        (Lang::Ja, Checkpoint::ConditionalAccess) => "条件付きアクセス",
        (Lang::Ja, Checkpoint::IdentityProtection) => "Identity Protection",
        (Lang::Ja, Checkpoint::Jit) => "Just-In-Time VM アクセス",
        (Lang::Ja, Checkpoint::Sources) => "接続元の制限",
        (Lang::Ja, Checkpoint::Ports) => "不要なポート",
        (Lang::Ja, Checkpoint::Udp) => "UDP",
        (Lang::Ja, Checkpoint::Ddos) => "DDoS 対策",
        (Lang::Ja, Checkpoint::Hardening) => "ハードニング",
        (Lang::Ja, Checkpoint::Updates) => "更新プログラム",
        (Lang::Ja, Checkpoint::Malware) => "マルウェア対策",
        (Lang::Ja, Checkpoint::Encryption) => "ディスクの暗号化",
        (Lang::Ja, Checkpoint::Backup) => "バックアップ",
        (Lang::Ja, Checkpoint::Defender) => "Defender for Cloud",
        (Lang::Ja, Checkpoint::NoPublicIp) => "パブリック IP なし",
    }
}

/// `1 VM`, `2 VMs`.
pub fn counted(number: usize, one: &str, many: &str) -> String {
    let shown = posture::grouped(number as u128);
    format!("{shown} {}", if number == 1 { one } else { many })
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A day as people write it: `31 December 2026`, `2026年12月31日`.
pub fn day_text(day: Day, lang: Lang) -> String {
    let Day { year, month, day } = day;
    let name = MONTHS.get(usize::from(month).wrapping_sub(1)).copied().unwrap_or("?");
    pick(lang, format!("{day} {name} {year}"), format!("{year}年{month}月{day}日"))
}

/// A moment as people write it, from RFC 3339 in UTC: `23 November 2026, 09:00 UTC`.
/// A text that is none stays as it is.
pub(crate) fn moment_text(moment: &str, lang: Lang) -> String {
    let parts = || {
        let (date, time) = moment.split_once('T')?;
        let mut date = date.split('-');
        let day = Day {
            year: date.next()?.parse().ok()?,
            month: date.next()?.parse().ok()?,
            day: date.next()?.parse().ok()?,
        };
        let (time, utc) = (time.get(..5)?, time.ends_with('Z'));
        let day = day_text(day, lang);
        utc.then(|| pick(lang, format!("{day}, {time} UTC"), format!("{day} {time} (UTC)")))
    };
    parts().unwrap_or_else(|| moment.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_naturally() {
        let check = |moment: &str, en: &str, ja: &str| {
            assert_eq!(moment_text(moment, Lang::En), en);
            assert_eq!(moment_text(moment, Lang::Ja), ja);
        };
        check("2026-11-23T09:05:00Z", "23 November 2026, 09:05 UTC", "2026年11月23日 09:05 (UTC)");
        check("2026-01-03T09:05:00Z", "3 January 2026, 09:05 UTC", "2026年1月3日 09:05 (UTC)");
        check("yesterday", "yesterday", "yesterday");
        check("2026-11-23T09:05:00+09:00", "2026-11-23T09:05:00+09:00", "2026-11-23T09:05:00+09:00");
    }

    #[test]
    fn one_is_not_several() {
        assert_eq!(counted(1, "VM", "VMs"), "1 VM");
        assert_eq!(counted(0, "VM", "VMs"), "0 VMs");
        assert_eq!(counted(100_000, "VM", "VMs"), "100,000 VMs");
    }
}
