//! What words say of a tool: a short list of verbs and nouns, each with its kinds.
//!
//! The list is made to miss little: where a word can be a harmless noun too, its place decides, and
//! that is for the rules over it.

/// What a word says; a word may say several things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Kinds(u16);

impl Kinds {
    /// It looks and changes nothing.
    pub(super) const READ: Self = Self(1);
    /// It changes something.
    pub(super) const WRITE: Self = Self(1 << 1);
    /// What was there is gone or other than it was.
    pub(super) const DESTROY: Self = Self(1 << 2);
    /// Somebody outside sees or feels it.
    pub(super) const OPEN: Self = Self(1 << 3);
    /// It moves money by itself.
    pub(super) const PAY: Self = Self(1 << 4);
    /// Changing one of these moves money.
    pub(super) const MONEY: Self = Self(1 << 5);
    /// It gives or takes rights by itself.
    pub(super) const GRANT: Self = Self(1 << 6);
    /// Changing one of these changes rights.
    pub(super) const RIGHTS: Self = Self(1 << 7);
    /// It runs what it is given.
    pub(super) const RUN: Self = Self(1 << 8);
    /// A verb that is as often a noun.
    pub(super) const NOUN: Self = Self(1 << 9);
    /// Something that other people read.
    pub(super) const PUBLIC: Self = Self(1 << 10);
    /// Changing one of these may change rights.
    pub(super) const MEMBER: Self = Self(1 << 11);

    /// Every kind with its name, in order.
    pub(super) const NAMES: &[(Self, &str)] = &[
        (Self::READ, "read"),
        (Self::WRITE, "write"),
        (Self::DESTROY, "destroy"),
        (Self::OPEN, "open"),
        (Self::PAY, "pay"),
        (Self::MONEY, "money"),
        (Self::GRANT, "grant"),
        (Self::RIGHTS, "rights"),
        (Self::RUN, "run"),
        (Self::PUBLIC, "public"),
        (Self::MEMBER, "member"),
    ];

    /// Kinds of verbs that change something.
    pub(super) const CHANGES: Self = Self(
        Self::WRITE.0 | Self::DESTROY.0 | Self::OPEN.0 | Self::PAY.0 | Self::GRANT.0 | Self::RUN.0,
    );

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Each line is a list of words under the letters of their kinds: R read, W write, D destroy,
/// O open world, P pay, M money, G grant, A rights, X run, N also a noun, S seen by others, U members.
const LEXICON: &[(&str, &str)] = &[
    (
        "R",
        "get list describe read fetch retrieve find lookup show display print view browse check count \
        compare diff verify validate calculate compute analyze analyse diagnose summarize inspect \
        detect explain recommend preview discover identify locate select peek poll wait whoami \
        ping head tail cat cd echo ls dir du wc grep glob tree is has can convert translate \
        parse extract evaluate infer predict solve see tell know demonstrate provide returns obtain \
        simulate suggest rank classify score decode encode hash \
        batchget scan help",
    ),
    (
        "RN",
        "compute info status return search query log report monitor estimate look test filter sort match sum mean trace audit \
        download export history details detail metadata schema summary statistics stats usage forecast \
        resolve browse availability health version",
    ),
    (
        "W",
        "create add insert append update modify edit change alter write put save store upload import \
        register enable disable start stop pause resume activate deactivate configure rename move copy \
        duplicate clone assign unassign attach associate link unlink mark unmark \
        touch mkdir mv cp make build generate provision install upgrade downgrade migrate apply adjust \
        increase decrease raise scale resize toggle switch turn reindex refresh reload restart reboot restore recover \
        undelete unarchive rollback open close reopen lock unlock mute unmute pin unpin star unstar follow unfollow \
        subscribe unsubscribe tag untag label set schedule reschedule snooze complete finish stage checkout commit \
        merge rebase fork init initialize setup connect disconnect mount unmount pair press fill engage adjust \
        prepare transform return patch replace reorder swap exchange synchronize sync ingest record enter \
        accept decline acknowledge dismiss skip claim renew extend escalate enroll enqueue push pop promote demote \
        define compose draft fill feed train tune bind embed allocate enlarge reseat refuel refill replicate persist \
        put upsert modify amend correct fix book reserve order submit cancel undo redo perform manage handle \
        trigger toggle begin end initiate",
    ),
    (
        "WN",
        "set mark tag label switch support lock star stage record build setup test \
        process step control start place plan backup",
    ),
    (
        "WD",
        "delete remove drop purge destroy erase wipe truncate clear kill terminate rm rmdir unlink overwrite \
        reset replace revoke discard uninstall deregister unregister flush empty prune trash shred \
        format force detach disassociate decommission evict abort abandon expire archive move write edit rotate \
        cancel deprovision unpublish withdraw invalidate suspend reimage downgrade rewrite forget merge \
        deactivate disable shutdown poweroff exchange rebuild",
    ),
    (
        "WO",
        "send post publish tweet retweet reply notify announce broadcast email mail message call dial sms text \
        forward mention invite page alert react submit contact remind share deploy release push book request \
        comment release fax ping ring resolve unresolve investigate order purchase chat webhook sample",
    ),
    (
        "N",
        "request message comment post email mail text release page order share call contact \
        alert deploy book commit merge fork push index transfer review function exchange invoice bill order charge manage trigger link \
        schedule ban resize preview channel deployment release notification",
    ),
    (
        "X",
        "execute exec run eval invoke launch shell bash terminal script command spawn dispatch run trigger",
    ),
    (
        "WP",
        "pay refund charge transfer withdraw deposit buy sell purchase donate fund redeem wire remit payout \
        reimburse checkout bill invoice trade tip lend borrow repay disburse settle prepay rebook spend bid \
        subscribe order book",
    ),
    (
        "M",
        "money payment payments pay price cost fee fees balance credit debit cash fund funds salary payroll payout \
        refund invoice bill billing bank iban wallet card order orders purchase reservation booking flight \
        baggage baggages luggage seat cabin passenger subscription amount currency usd eur gbp dollar dollars \
        euro transaction transactions charge discount coupon rebate compensation reward rewards insurance loan \
        mortgage shares crypto bitcoin portfolio budget gift tax tariff voucher \
        checkout cart item items premium",
    ),
    (
        "WG",
        "grant revoke authorize deauthorize allow deny permit share invite promote demote delegate impersonate \
        assume elevate ban unban trust login logout authenticate",
    ),
    (
        "A",
        "permission permissions policy policies access role roles acl privilege privileges grants password \
        passwords passphrase pin secret secrets token credential credentials mfa otp \
        authorizer authorization authentication admin administrator administrators ownership \
        collaborator collaborators trust sharing visibility \
        firewall entitlement entitlements principal principals sso saml oauth auth iam delegated",
    ),
    (
        "U",
        "user users group groups member members membership memberships account accounts team teams identity \
        login public certificate key keys owner owners contact contacts domain domains host hosts association",
    ),
    (
        "S",
        "issue issues comment comments tweet message messages email mail sms channel channels review reviews \
        discussion reaction reactions notification notifications thread threads chat slack webhook webhooks \
        post posts attendee attendees invitation invitations recipient recipients reviewer reviewers reply \
        contact web internet website url elicitation external",
    ),
];

/// The kinds of a word as it stands, or of what is left without its ending.
pub(super) fn kinds(word: &str) -> Kinds {
    let stems = stems(word);
    let (mut exact, mut stemmed) = (Kinds::default(), Kinds::default());
    let first = word.bytes().next();
    for (letters, words) in LEXICON {
        // One walk over the list for the word and all its stems: they begin alike.
        for listed in words.split_ascii_whitespace().filter(|listed| listed.bytes().next() == first)
        {
            let found = if listed == word {
                &mut exact
            } else if stems.iter().any(|stem| stem == listed) {
                &mut stemmed
            } else {
                continue;
            };
            *found = letters.bytes().fold(*found, |found, letter| found.with(kind(letter)));
        }
    }
    if exact.is_empty() { stemmed } else { exact }
}

/// What a word may be without its ending: `deletes`, `deleted`, `deleting`, `dropped`, `copies`.
fn stems(word: &str) -> Vec<String> {
    const ENDINGS: &[(&str, &str)] = &[
        ("s", ""),
        ("es", ""),
        ("ies", "y"),
        ("ed", ""),
        ("ed", "e"),
        ("ing", ""),
        ("ing", "e"),
        ("ied", "y"),
    ];
    let mut stems = Vec::new();
    for (ending, instead) in ENDINGS {
        let Some(stem) = word.strip_suffix(ending).filter(|stem| stem.len() > 1) else {
            continue;
        };
        stems.push([stem, instead].concat());
        // `running`, `dropped`: the last letter was doubled.
        let mut letters = stem.chars();
        let last = letters.next_back();
        if instead.is_empty() && *ending != "s" && letters.clone().next_back() == last {
            stems.push(letters.as_str().to_owned());
        }
    }
    stems
}

const fn kind(letter: u8) -> Kinds {
    match letter {
        b'R' => Kinds::READ,
        b'W' => Kinds::WRITE,
        b'D' => Kinds::DESTROY,
        b'O' => Kinds::OPEN,
        b'P' => Kinds::PAY,
        b'M' => Kinds::MONEY,
        b'G' => Kinds::GRANT,
        b'A' => Kinds::RIGHTS,
        b'X' => Kinds::RUN,
        b'N' => Kinds::NOUN,
        b'U' => Kinds::MEMBER,
        _ => Kinds::PUBLIC,
    }
}
