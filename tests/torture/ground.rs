//! What a row runs on, and for how long: one code for the short and the long form, for a file and for
//! a server.

use std::time::Instant;

use crate::support::{Folder, Host, server};

/// What keeps the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub(crate) const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// Why it cannot be run on here, if so.
    pub(crate) fn absent(self) -> Option<&'static str> {
        let is_absent =
            self == Self::Postgres && (server().is_none() || !cfg!(feature = "postgres"));
        is_absent.then_some("no server is named in COUNTERSIGN_TEST_SERVER")
    }
}

/// What a row runs on.
pub(crate) struct Ground {
    pub(crate) engine: Engine,
    pub(crate) until: Instant,
    pub(crate) count_max: u64,
}

impl Ground {
    pub(crate) fn goes_on(&self, count: u64) -> bool {
        count < self.count_max && Instant::now() < self.until
    }

    /// A new place for records.
    pub(crate) fn folder(&self) -> Folder {
        Folder::on(match self.engine {
            Engine::Sqlite => None,
            Engine::Postgres => server(),
        })
    }

    /// Whether there is time for what takes long, and for more of everything.
    pub(crate) const fn is_long(&self) -> bool {
        self.count_max == u64::MAX
    }

    pub(crate) fn is_server(&self) -> bool {
        self.engine == Engine::Postgres
    }
}

/// Hosts on one place, with the policy of that file.
pub(crate) fn hosts(folder: &Folder, count: usize, policy: &std::path::Path) -> Vec<Host> {
    let policy = policy.to_str().unwrap();
    (0..count).map(|_| Host::start_with(folder, &["--policy", policy])).collect()
}

/// Which of them, by a number that only grows.
pub(crate) fn turn(number: u64, of: usize) -> usize {
    usize::try_from(number % of as u64).unwrap()
}

/// Numbers by chance that a seed gives again.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Less than `below`.
    pub(crate) fn number(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}
