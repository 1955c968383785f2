//! How many queries are answered: windows of some seconds, as Resource Graph has them.

use std::time::Duration;

/// A quota.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// How many queries in a window.
    pub queries: u64,
    /// How long a window is.
    pub window: Duration,
}

impl Quota {
    /// What Azure documents: 15 queries in 5 seconds.
    pub const REAL: Self = Self { queries: 15, window: Duration::from_secs(5) };
    /// As many as one likes.
    pub const NONE: Self = Self { queries: u64::MAX, window: Duration::from_secs(5) };
}

/// What is left of a quota.
#[derive(Debug, Default)]
pub(crate) struct Window {
    start: Duration,
    used: u64,
}

impl Window {
    /// Takes one query, if one is left: how many are then, and after how long there are new ones.
    pub(crate) fn take(&mut self, quota: Quota, now: Duration) -> (bool, u64, Duration) {
        if now >= self.start + quota.window {
            *self = Self { start: now, used: 0 };
        }
        let granted = self.used < quota.queries;
        self.used += u64::from(granted);
        (granted, quota.queries - self.used, (self.start + quota.window).saturating_sub(now))
    }
}

/// How many writes are taken of a subscription: a bucket that fills again by the second.
/// <https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many at once.
    pub size: u64,
    /// How many more each second.
    pub refill: u64,
}

impl Rate {
    /// What Azure documents.
    pub const REAL: Self = Self { size: 200, refill: 10 };
    /// As many as one likes.
    pub const NONE: Self = Self { size: 1 << 30, refill: 1 << 30 };
}

/// What is left of a rate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bucket {
    used: u64,
    at: i64,
}

impl Bucket {
    /// Takes one write, if one is left, or says after how many seconds one will be; and how many are left.
    pub(crate) fn take(&mut self, rate: Rate, now: i64) -> (Result<(), u64>, u64) {
        let passed = u64::try_from(now.saturating_sub(self.at)).unwrap_or(0);
        self.used = self.used.saturating_sub(passed.saturating_mul(rate.refill));
        self.at = now;
        if self.used >= rate.size {
            return (Err(1), 0);
        }
        self.used += 1;
        (Ok(()), rate.size - self.used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_fills_again() {
        let (mut bucket, rate) = (Bucket::default(), Rate { size: 2, refill: 1 });
        assert_eq!(bucket.take(rate, 10), (Ok(()), 1));
        assert_eq!(bucket.take(rate, 10), (Ok(()), 0));
        assert_eq!(bucket.take(rate, 10), (Err(1), 0));
        assert_eq!(bucket.take(rate, 11), (Ok(()), 0));
        assert_eq!(bucket.take(rate, 9), (Err(1), 0), "a clock that goes back fills nothing");
        assert_eq!(bucket.take(rate, 100), (Ok(()), 1));
    }

    #[test]
    fn a_window_ends_and_another_begins() {
        let (mut window, second) = (Window::default(), Duration::from_secs);
        let quota = Quota { queries: 2, window: second(5) };
        assert_eq!(window.take(quota, second(1)), (true, 1, second(4)));
        assert_eq!(window.take(quota, second(2)), (true, 0, second(3)));
        assert_eq!(window.take(quota, second(4)), (false, 0, second(1)));
        assert_eq!(window.take(quota, second(5)), (true, 1, second(5)));
    }
}
