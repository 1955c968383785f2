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

#[cfg(test)]
mod tests {
    use super::*;

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
