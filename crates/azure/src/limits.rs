//! How fast we ask: a bucket of tokens of our own for each of Azure's limits, so that a large tenant is read without
//! a storm of refusals, and what answers say of the quota that is left.
//!
//! Sources: <https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests>
//! (15 queries in 5 seconds, `x-ms-user-quota-remaining`, `x-ms-user-quota-resets-after`),
//! <https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling> (reads: 250 at
//! once, 25 more a second; writes: 200 at once, 10 more a second).

use std::time::Duration;

/// A bucket: so many requests at once, and so many more a second.
///
/// Moments are durations since any fixed moment, the same one at each call.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    /// The most that may be asked at once.
    size: f64,
    /// How many more come each second.
    rate: f64,
    left: f64,
    /// When `left` was right.
    at: Duration,
    /// Nothing is asked before this moment: an answer said so.
    closed_until: Duration,
    /// How many requests are under way: an answer to an earlier one does not count them.
    flying: u64,
    /// How many requests were left by the last answer.
    told: Option<u64>,
    /// When the first answer of the window that is counted now came.
    window: Duration,
}

/// How long a window is in which requests are counted.
const WINDOW: Duration = Duration::from_secs(5);

/// What clocks and the way to Azure may differ in that time.
const MARGIN: Duration = Duration::from_millis(200);

impl Bucket {
    /// Resource Graph's limit.
    pub(crate) fn resource_graph() -> Self {
        // What is left of a window is told by each answer; between windows it is spread, as others may ask, too.
        Self::new(14.0, 2.9)
    }

    /// The limit of reads of Resource Manager.
    pub(crate) fn arm() -> Self {
        Self::new(240.0, 24.5)
    }

    /// The limit of actions: Network counts 1,000 in five minutes.
    pub(crate) fn actions() -> Self {
        Self::new(50.0, 3.0)
    }

    /// The limit of writes of Resource Manager, removals among them: 200 at once and 10 more a second, less what clocks and
    /// the way there may differ, as whoever is refused waits anew.
    pub(crate) fn writes() -> Self {
        Self::new(195.0, 9.8)
    }

    /// What Microsoft Graph takes without complaint.
    pub(crate) fn directory() -> Self {
        Self::new(50.0, 20.0)
    }

    /// A full bucket.
    pub(crate) fn new(size: f64, rate: f64) -> Self {
        Self {
            size,
            rate,
            left: size,
            at: Duration::ZERO,
            closed_until: Duration::ZERO,
            flying: 0,
            told: None,
            window: Duration::ZERO,
        }
    }

    /// Takes a token: how long to wait before the request is sent.
    pub(crate) fn take(&mut self, now: Duration) -> Duration {
        let now = now.max(self.at);
        self.left = (self.left + (now - self.at).as_secs_f64() * self.rate).min(self.size);
        self.at = now;
        self.left -= 1.0;
        self.flying += 1;
        let wait = match self.left < 0.0 {
            true => Duration::from_secs_f64(-self.left / self.rate),
            false => Duration::ZERO,
        };
        wait.max(self.closed_until.saturating_sub(now))
    }

    /// A request has come to an end, whichever.
    pub(crate) fn landed(&mut self) {
        self.flying = self.flying.saturating_sub(1);
    }

    /// An answer said how many requests are left, and after how long there are new ones.
    pub(crate) fn told(&mut self, now: Duration, remaining: Option<u64>, resets_after: Option<Duration>) {
        let Some(remaining) = remaining else { return };
        // More than before: a new window has begun. Answers that overtake each other only make it seem to begin later.
        let over = now.saturating_sub(self.window) > WINDOW + MARGIN;
        if over || self.told.is_none_or(|told| remaining > told) {
            self.window = now;
        }
        self.told = Some(remaining);
        // Others may use the same quota: what is left is never more than Azure says.
        let free = remaining.saturating_sub(self.flying);
        self.left = self.left.min(free as f64);
        if free == 0 {
            let told = resets_after.unwrap_or(WINDOW);
            // It is told in whole seconds. The window began before its first answer came, so it ends before this:
            let ends = (self.window + WINDOW + MARGIN).saturating_sub(now);
            self.close(now, if told > WINDOW + MARGIN { told } else { told.min(ends) });
        }
    }

    /// How long nothing is to be asked.
    pub(crate) fn closed_for(&self, now: Duration) -> Duration {
        self.closed_until.saturating_sub(now)
    }

    /// Nothing is to be asked for a while.
    pub(crate) fn close(&mut self, now: Duration, wait: Duration) {
        self.closed_until = self.closed_until.max(now.saturating_add(wait));
    }
}

/// `hh:mm:ss`, as quota headers have it, or whole seconds.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut seconds: u64 = 0;
    let parts: Vec<&str> = text.trim().split(':').collect();
    if parts.len() != 1 && parts.len() != 3 {
        return None;
    }
    for part in parts {
        let whole = part.split('.').next().unwrap_or(part);
        if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        seconds = seconds.checked_mul(60)?.checked_add(whole.parse().ok()?)?;
    }
    Some(Duration::from_secs(seconds))
}

/// How long to wait before a request is sent again: what the answer asks for, else twice as long each time with
/// chance in it, so that many clients do not come back at once. `step` is how long the first wait is at most, `chance`
/// is from 0 to 1.
pub(crate) fn backoff(step: Duration, attempt: u32, asked: Option<Duration>, chance: f64) -> Duration {
    match asked {
        // A second more than asked: who comes early is refused and waits anew.
        Some(asked) => asked.saturating_add(Duration::from_millis((chance * 1000.0) as u64)),
        None => {
            let most = step.saturating_mul(1 << attempt.min(6));
            most.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn a_bucket_never_gives_more_than_its_size_and_rate() {
        let mut bucket = Bucket::new(3.0, 2.0);
        let mut sent = Vec::new();
        for _ in 0..9 {
            sent.push(bucket.take(Duration::ZERO).as_secs_f64());
        }
        assert_eq!(sent, [0.0, 0.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]);
        // Unused time fills it again, and no further than its size.
        assert_eq!(bucket.take(seconds(100.0)), Duration::ZERO);
        let waits: Vec<_> = (0..3).map(|_| bucket.take(seconds(100.0)).as_secs_f64()).collect();
        assert_eq!(waits, [0.0, 0.0, 0.5]);
        // A clock that goes back does not make tokens.
        assert_eq!(bucket.take(seconds(50.0)).as_secs_f64(), 1.0);
    }

    #[test]
    fn what_answers_say_of_the_quota_counts() {
        let mut bucket = Bucket::new(10.0, 1.0);
        bucket.told(Duration::ZERO, Some(1), Some(seconds(4.0)));
        assert_eq!(bucket.take(Duration::ZERO), Duration::ZERO);
        bucket.landed();
        assert_eq!(bucket.take(Duration::ZERO), seconds(1.0));
        bucket.told(Duration::ZERO, Some(0), Some(seconds(4.0)));
        assert!(bucket.take(Duration::ZERO) >= seconds(4.0));
        bucket.close(Duration::ZERO, seconds(60.0));
        assert_eq!(bucket.take(seconds(30.0)), seconds(30.0));
        assert_eq!(bucket.take(seconds(61.0)), Duration::ZERO);
    }

    #[test]
    fn a_window_ends_five_seconds_after_it_was_seen_to_begin() {
        let waits = |began: f64, resets: u64| {
            let mut bucket = Bucket::new(10.0, 1.0);
            bucket.told(seconds(began), Some(14), Some(seconds(5.0)));
            bucket.told(seconds(2.0), Some(0), Some(Duration::from_secs(resets)));
            bucket.left = 1.0;
            bucket.take(seconds(2.0)).as_secs_f64()
        };
        // Three seconds and some more are left, which is told as four.
        assert!((waits(0.1, 4) - 3.3).abs() < 1e-6, "{}", waits(0.1, 4));
        // The last of the window is under way: no other is sent in it.
        let mut bucket = Bucket::new(10.0, 1.0);
        bucket.take(Duration::ZERO);
        bucket.take(Duration::ZERO);
        bucket.landed();
        bucket.told(Duration::ZERO, Some(1), Some(seconds(5.0)));
        assert_eq!(bucket.take(Duration::ZERO), seconds(5.0));
        // When it has landed, the next window has room.
        let mut bucket = Bucket::new(10.0, 1.0);
        bucket.take(Duration::ZERO);
        bucket.landed();
        bucket.told(Duration::ZERO, Some(1), Some(seconds(5.0)));
        assert_eq!(bucket.take(Duration::ZERO), Duration::ZERO);
        // What is told is shorter, or a window is longer than is documented.
        assert_eq!(waits(1.9, 3), 3.0);
        assert_eq!(waits(0.1, 30), 30.0);
    }

    #[test]
    fn durations_of_headers() {
        assert_eq!(duration("00:00:05"), Some(seconds(5.0)));
        assert_eq!(duration("01:02:03"), Some(seconds(3723.0)));
        assert_eq!(duration("00:00:04.9999"), Some(seconds(4.0)));
        assert_eq!(duration("17"), Some(seconds(17.0)));
        let mut bucket = Bucket::new(1.0, 1.0);
        bucket.close(seconds(5.0), Duration::MAX);
        assert!(bucket.take(seconds(6.0)) > seconds(1e9), "no moment is too far away");
        for wrong in
            ["", ":", "1:2", "a", "-1", "1:2:3:4", "Wed, 21 Oct 2026 07:28:00 GMT", "99999999999999999999999"]
        {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn waiting_grows_and_ends() {
        const STEP: Duration = Duration::from_millis(500);
        assert_eq!(backoff(STEP, 0, None, 0.0), Duration::from_millis(250));
        assert_eq!(backoff(STEP, 3, None, 1.0), seconds(4.0));
        assert_eq!(backoff(STEP, u32::MAX, None, 1.0), seconds(32.0));
        assert_eq!(backoff(STEP, 0, Some(seconds(7.0)), 0.0), seconds(7.0));
        // As long as is asked: whoever comes early waits anew. How long is worth it is not said here.
        assert_eq!(backoff(STEP, 0, Some(seconds(9999.0)), 0.5), seconds(9999.5));
    }
}
