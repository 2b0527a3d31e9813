//! Chance that comes out the same again, and JSON values made of it.

/// Numbers from a seed (SplitMix64).
pub(crate) struct Chance(u64);

impl Chance {
    /// The seed and the count that the environment asks for, or these.
    pub(crate) fn asked(variable: &str, count: usize) -> (Self, usize) {
        let read = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
        let seed = read("COUNTERSIGN_SEED").unwrap_or(20_261_122);
        let count = read(variable).and_then(|count| usize::try_from(count).ok()).unwrap_or(count);
        (Self(seed), count)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.bits() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    pub(crate) fn one<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }

    /// JSON text of a value that is admitted, in any but the canonical form: keys in any order,
    /// characters escaped or not, numbers with and without exponents, white space.
    pub(crate) fn json_text(&mut self, depth: usize) -> String {
        match self.below(if depth >= 4 { 6 } else { 9 }) {
            0 => self.one(&["null", "true", "false"]).to_owned(),
            1..=3 => self.number_text(),
            4 | 5 => self.string_text(),
            6 => {
                let count = self.below(6);
                let values: Vec<String> = (0..count).map(|_| self.json_text(depth + 1)).collect();
                format!("[ {} ]", values.join(" ,"))
            }
            _ => {
                let count = self.below(6);
                let mut keys: Vec<String> = Vec::new();
                let mut fields = Vec::new();
                for _ in 0..count {
                    let key = self.string_text();
                    let meant = serde_json::from_str::<String>(&key).unwrap();
                    if !keys.contains(&meant) {
                        fields.push(format!("{key}:\t{}", self.json_text(depth + 1)));
                        keys.push(meant);
                    }
                }
                format!("{{\n{}}}", fields.join(",\r\n"))
            }
        }
    }

    fn number_text(&mut self) -> String {
        loop {
            let value = match self.below(7) {
                0 | 1 => f64::from_bits(self.bits()),
                2 => (self.bits() % (1 << 53)) as f64,
                3 => -((self.bits() % 1_000) as f64),
                4 => (self.bits() % 1_000_000) as f64 / 1_000.0,
                5 => (self.bits() % (1 << 53)) as f64 / (1_u64 << 53) as f64,
                _ => -0.0,
            };
            if countersign::json::is_admitted(value) {
                // Whole numbers are written as such where they would be integers elsewhere too.
                return match self.below(3) {
                    0 => format!("{value:e}"),
                    1 if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value:.0}"),
                    1 => format!("{value:e}").replace('e', "E"),
                    _ if value.abs() < 1e15 => format!("{value:?}"),
                    _ => format!("{value:e}"),
                };
            }
        }
    }

    fn string_text(&mut self) -> String {
        const RANGES: [(u32, u32); 7] = [
            (0, 0x20),
            (0x20, 0x7f),
            (0x7f, 0x800),
            (0x800, 0xd800),
            (0xe000, 0x1_0000),
            (0x1_0000, 0x11_0000),
            (0x61, 0x64),
        ];
        let count = self.below(8);
        let mut text = String::from("\"");
        for _ in 0..count {
            let (from, until) = RANGES[self.below(RANGES.len())];
            let width = usize::try_from(until - from).unwrap();
            let character =
                char::from_u32(from + u32::try_from(self.below(width)).unwrap()).unwrap();
            let must = matches!(character, '"' | '\\') || character < ' ';
            if must || self.below(4) == 0 {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    text.push_str(&format!("\\u{unit:04X}"));
                }
            } else {
                text.push(character);
            }
        }
        text.push('"');
        text
    }
}
