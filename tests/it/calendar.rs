//! Business time: deadlines by table, wrong calendars by table, and a naive oracle.

use countersign::calendar::Sla;
use countersign::compile::DEFAULT_POLICY;
use countersign::{Policy, TimestampMs};
use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::support::{at, compile_text, default_policy};

fn check(sla: &Sla, arrives: &str, due: &str) {
    let calendar = default_policy().calendar("legal_office");
    let deadline = sla.deadline(calendar, at(arrives));
    assert_eq!((deadline.due_at, deadline.is_known), (at(due), true), "{sla:?} from {arrives}");
}

#[test]
fn a_business_day_ends_at_the_same_local_time_on_the_next_working_day() {
    let day = Sla::BusinessDays(1);
    // Berlin is two hours ahead of UTC in summer, one in winter; the office opens 9 to 17.
    check(&day, "2026-06-09T12:00:00Z", "2026-06-10T12:00:00Z");
    check(&day, "2026-06-12T12:00:00Z", "2026-06-15T12:00:00Z");
    check(&day, "2026-06-13T20:00:00Z", "2026-06-16T07:00:00Z");
    check(&day, "2026-06-09T20:00:00Z", "2026-06-11T07:00:00Z");
    check(&day, "2026-06-09T03:00:00Z", "2026-06-10T07:00:00Z");
    check(&Sla::BusinessDays(5), "2026-06-09T12:00:00Z", "2026-06-16T12:00:00Z");
    // Over a change of clocks the local time stays, the time in UTC does not.
    check(&day, "2026-03-27T13:00:00Z", "2026-03-30T12:00:00Z");
    check(&day, "2026-10-23T12:00:00Z", "2026-10-26T13:00:00Z");
    // Good Friday and Easter Monday.
    check(&day, "2026-04-02T10:00:00Z", "2026-04-07T10:00:00Z");
    // 24 December closes at noon.
    check(&day, "2026-12-23T14:00:00Z", "2026-12-24T11:00:00Z");
    check(&day, "2026-12-24T10:00:00Z", "2026-12-28T10:00:00Z");
    check(&day, "2026-12-24T11:00:00Z", "2026-12-29T08:00:00Z");
}

#[test]
fn business_hours_count_only_while_open() {
    let hours = |count: i64| Sla::BusinessMs(count * 3_600_000);
    check(&hours(4), "2026-06-09T07:00:00Z", "2026-06-09T11:00:00Z");
    check(&hours(4), "2026-06-09T13:00:00Z", "2026-06-10T09:00:00Z");
    check(&hours(8), "2026-06-12T07:00:00Z", "2026-06-12T15:00:00Z");
    check(&hours(9), "2026-06-12T07:00:00Z", "2026-06-15T08:00:00Z");
    check(&hours(1), "2026-06-13T07:00:00Z", "2026-06-15T08:00:00Z");
}

#[test]
fn past_the_horizon_the_deadline_is_cautious_and_says_so() {
    let calendar = default_policy().calendar("legal_office");
    for (arrives, due) in [
        ("2028-12-29T12:00:00Z", "2028-12-30T11:00:00Z"),
        ("2035-06-09T12:00:00Z", "2035-06-10T11:00:00Z"),
        ("2020-06-09T12:00:00Z", "2020-06-10T11:00:00Z"),
    ] {
        let deadline = Sla::BusinessDays(1).deadline(calendar, at(arrives));
        assert_eq!((deadline.due_at, deadline.is_known), (at(due), false), "{arrives}");
    }
}

#[test]
fn a_wrong_calendar_is_told_with_its_mend() {
    let check = |from: &str, to: &str, expected: &str| {
        assert!(DEFAULT_POLICY.contains(from), "{from}");
        let text = DEFAULT_POLICY.replacen(from, to, 1);
        let told = countersign::compile::compile(&text, "policy.toml").expect_err(to);
        assert!(told[0].message.starts_with(expected), "{}\nexpected {expected}", told[0].message);
    };
    check("Europe/Berlin", "Europe/Berln", "there is no time zone `Europe/Berln`");
    check(
        "mon = [\"09:00-17:00\"]",
        "mon = [\"17:00-09:00\"]",
        "`17:00-09:00` ends before it begins",
    );
    check(
        "mon = [\"09:00-17:00\"]",
        "mon = [\"09:00-13:00\", \"12:00-17:00\"]",
        "these hours overlap",
    );
    check(
        "mon = [\"09:00-17:00\"]",
        "mon = [\"13:00-17:00\", \"09:00-12:00\"]",
        "these hours overlap",
    );
    check("mon = [\"09:00-17:00\"]", "mon = [\"9-17\"]", "`9-17` are no hours");
    check("mon = [\"09:00-17:00\"]", "mon = [\"09:00-25:00\"]", "`09:00-25:00` are no hours");
    check(
        "mon = [\"09:00-17:00\"]",
        "monday = [\"09:00-17:00\"]",
        "the field `monday` is not known",
    );
    check("\"2026-12-25\"", "\"2026-02-30\"", "`2026-02-30` is not a date");
    check("\"2026-12-25\"", "\"Christmas\"", "`Christmas` is not a date");
    check("\"2026-12-24\" =", "\"2026-12-44\" =", "`2026-12-44` is not a date");
    check(
        "until = \"2029-01-01\"",
        "until = \"2025-01-01\"",
        "the horizon 2026-01-01 to 2025-01-01",
    );
    check(
        "until = \"2029-01-01\"",
        "until = \"2129-01-01\"",
        "the horizon 2026-01-01 to 2129-01-01",
    );
    check(
        "calendar = \"legal_office\"\nsla_min",
        "calendar = \"legal_offce\"\nsla_min",
        "there is no calendar `legal_offce`",
    );
    check("calendar = \"legal_office\"\nsla_min", "sla_min", "business time needs a calendar");
    check(
        "sla = \"1 business day\"",
        "sla = \"1 business week\"",
        "`1 business week` is not a business time",
    );
    check(
        "sla = \"1 business day\"",
        "sla = \"0 business days\"",
        "`0 business days` is not a business time",
    );
}

/// A policy whose one calendar lies in a zone with odd hours.
fn in_zone(zone: &str) -> Policy {
    let text = DEFAULT_POLICY.replacen("Europe/Berlin", zone, 1).replacen(
        "mon = [\"09:00-17:00\"]",
        "mon = [\"00:00-03:30\", \"04:00-24:00\"], sun = [\"00:30-04:00\"]",
        1,
    );
    compile_text(&text).policy
}

/// Whether the zone's wall clock shows an open minute: said again, in the plainest way.
fn is_open(zone: &TimeZone, at_ms: i64) -> bool {
    const CLOSED: &[(i8, i8)] =
        &[(1, 1), (4, 3), (4, 6), (5, 1), (5, 14), (5, 25), (12, 25), (12, 26)];
    let local = Timestamp::from_millisecond(at_ms).unwrap().to_zoned(zone.clone());
    let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
    if CLOSED.contains(&(local.month(), local.day())) {
        return false;
    }
    if local.month() == 12 && matches!(local.day(), 24 | 31) {
        return (540..720).contains(&minute);
    }
    match local.weekday() {
        Weekday::Monday => !(210..240).contains(&minute),
        Weekday::Sunday => (30..240).contains(&minute),
        Weekday::Saturday => false,
        _ => (540..1020).contains(&minute),
    }
}

#[test]
fn business_hours_agree_with_stepping_through_every_minute_in_many_zones() {
    let zones = [
        "UTC",
        "Europe/Berlin",
        "Europe/London",
        "America/New_York",
        "America/Sao_Paulo",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Auckland",
        "America/St_Johns",
        "Africa/Cairo",
        "Atlantic/Azores",
        "Asia/Tokyo",
    ];
    let start = at("2026-01-05T00:00:00Z").as_ms();
    for name in zones {
        let (policy, zone) = (in_zone(name), TimeZone::get(name).unwrap());
        let calendar = policy.calendar("legal_office");
        // Every 61 hours and 7 minutes of the year, with a different count each time.
        for step in 0..130_i64 {
            let arrives = start + step * (61 * 60 + 7) * 60_000;
            let minutes = 1 + step * 37 % 1_900;
            let (mut left, mut now) = (minutes, arrives);
            while left > 0 {
                left -= i64::from(is_open(&zone, now));
                now += 60_000;
            }
            let deadline = Sla::BusinessMs(minutes * 60_000)
                .deadline(calendar, TimestampMs::new(arrives).unwrap());
            let expected = TimestampMs::new(now).unwrap();
            assert_eq!(
                deadline.due_at,
                expected,
                "{name}: {minutes} min from {}",
                TimestampMs::new(arrives).unwrap()
            );
        }
    }
}

/// How many random deadlines are held against the oracle; `COUNTERSIGN_CALENDAR_DEADLINES` asks for
/// more (a million in the long form).
fn deadlines_wanted() -> u64 {
    let wanted = std::env::var("COUNTERSIGN_CALENDAR_DEADLINES").ok();
    wanted.and_then(|text| text.parse().ok()).unwrap_or(400)
}

/// A policy whose one calendar covers one year of a zone, around the clock's changes too.
fn in_year(zone: &str, year: i64) -> Option<Policy> {
    let from = DEFAULT_POLICY.find("time_zone = \"Europe/Berlin\"").unwrap();
    let until = DEFAULT_POLICY
        .find("# ---------------------------------------------------------------- queues")
        .unwrap();
    let calendar = format!(
        "time_zone = \"{zone}\"\nfrom = \"{year}-01-01\"\nuntil = \"{}-01-15\"\n\
         hours = {{ sun = [\"00:30-04:00\"], mon = [\"00:00-03:30\", \"04:00-24:00\"], \
         wed = [\"09:00-17:00\"], fri = [\"22:00-24:00\"], sat = [\"00:00-02:30\"] }}\n\n",
        year + 1
    );
    let text = format!("{}{calendar}{}", &DEFAULT_POLICY[..from], &DEFAULT_POLICY[until..]);
    // A zone that skipped a whole day has no such date.
    countersign::compile::compile(&text, "policy.toml").ok().map(|compiled| compiled.policy)
}

/// The same hours, read off the zone's wall clock.
fn is_open_then(zone: &TimeZone, at_ms: i64) -> bool {
    let local = Timestamp::from_millisecond(at_ms).unwrap().to_zoned(zone.clone());
    let minute = i64::from(local.hour()) * 60 + i64::from(local.minute());
    match local.weekday() {
        Weekday::Sunday => (30..240).contains(&minute),
        Weekday::Monday => !(210..240).contains(&minute),
        Weekday::Wednesday => (540..1020).contains(&minute),
        Weekday::Friday => minute >= 1320,
        Weekday::Saturday => minute < 150,
        _ => false,
    }
}

#[test]
fn f43_deadlines_and_pauses_agree_with_stepping_in_any_zone_from_2000_to_2040() {
    let zones: Vec<String> =
        jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
    assert!(zones.len() > 300, "{} zones", zones.len());
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut chance = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let (wanted, mut held) = (deadlines_wanted(), 0);
    while held < wanted {
        let name = &zones[usize::try_from(chance(zones.len() as u64)).unwrap()];
        let year = 2000 + i64::try_from(chance(40)).unwrap();
        let (Some(policy), Ok(zone)) = (in_year(name, year), TimeZone::get(name)) else { continue };
        let calendar = policy.calendar("legal_office").unwrap();
        let first = at(&format!("{year}-01-03T00:00:00Z")).as_ms();
        for _ in 0..25.min(wanted - held) {
            held += 1;
            let arrives = first + i64::try_from(chance(360 * 1_440)).unwrap() * 60_000;
            let minutes = 1 + i64::try_from(chance(600)).unwrap();
            let (mut left, mut now) = (minutes, arrives);
            while left > 0 {
                left -= i64::from(is_open_then(&zone, now));
                now += 60_000;
            }
            let arrives = TimestampMs::new(arrives).unwrap();
            let sla = Sla::BusinessMs(minutes * 60_000);
            let deadline = sla.deadline(Some(calendar), arrives);
            let told = format!("{name} {year}: {minutes} min from {arrives}");
            assert_eq!(deadline.due_at.as_ms(), now, "{told}");
            let open = calendar.open_between(arrives, deadline.due_at);
            assert_eq!(open, Some(minutes * 60_000), "{told}");
            // A pause of any length leaves as much open time as there was when it began.
            let half = calendar.after(minutes / 2 * 60_000, arrives).unwrap();
            let left = calendar.open_between(half.max(arrives), deadline.due_at).unwrap();
            let later = deadline.due_at.saturating_add(3 * 86_400_000);
            if let Some(resumed) = calendar.after(left, later) {
                assert_eq!(calendar.open_between(later, resumed), Some(left), "{told}");
            }
        }
    }
}
