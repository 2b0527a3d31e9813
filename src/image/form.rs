//! How values stand in an image: lengths and whole numbers in groups of seven bits, texts as UTF-8,
//! words by their place, absent values as one byte.

use crate::json::INTEGER_MAX;
use crate::map::BTreeMap;

/// A value that stands in images.
pub(crate) trait Imaged: Sized {
    /// Writes it at the end.
    fn put(&self, image: &mut Vec<u8>);
    /// Takes it from the front; `None` where it does not stand there.
    fn take(bytes: &mut Bytes<'_>) -> Option<Self>;
}

/// What is left of an image while it is mapped.
pub(crate) struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub(crate) const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline(never)]
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    #[inline(never)]
    fn some(&mut self, length: usize) -> Option<&'a [u8]> {
        let (some, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(some)
    }

    /// A number of at most 56 bits, in its shortest form.
    #[inline(never)]
    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in 0..8 {
            let byte = self.byte()?;
            number |= u64::from(byte & 127) << (shift * 7);
            if byte < 128 {
                return (shift == 0 || byte > 0).then_some(number);
            }
        }
        None
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    #[inline(never)]
    fn text(&mut self) -> Option<&'a str> {
        let length = self.count()?;
        std::str::from_utf8(self.some(length)?).ok()
    }
}

pub(crate) fn put_number(mut number: u64, image: &mut Vec<u8>) {
    while number > 127 {
        image.push(number.to_le_bytes()[0] | 128);
        number >>= 7;
    }
    image.push(number.to_le_bytes()[0]);
}

fn put_count(count: usize, image: &mut Vec<u8>) {
    put_number(u64::try_from(count).unwrap_or(u64::MAX), image);
}

impl Imaged for bool {
    fn put(&self, image: &mut Vec<u8>) {
        image.push(u8::from(*self));
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        match bytes.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Imaged for u16 {
    fn put(&self, image: &mut Vec<u8>) {
        put_number((*self).into(), image);
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        Self::try_from(bytes.number()?).ok()
    }
}

/// Whole numbers that JSON may hold: the sign stands in the last bit.
impl Imaged for i64 {
    fn put(&self, image: &mut Vec<u8>) {
        put_number(self.unsigned_abs() << 1 | u64::from(*self < 0), image);
    }

    #[inline(never)]
    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let number = bytes.number()?;
        let magnitude = Self::try_from(number >> 1).ok().filter(|value| *value <= INTEGER_MAX)?;
        match (number & 1, magnitude) {
            (0, magnitude) => Some(magnitude),
            (_, 0) => None,
            (_, magnitude) => Some(-magnitude),
        }
    }
}

impl Imaged for f64 {
    fn put(&self, image: &mut Vec<u8>) {
        image.extend(self.to_le_bytes());
    }

    #[inline(never)]
    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let (number, _) = bytes.some(8)?.split_first_chunk()?;
        Some(Self::from_le_bytes(*number)).filter(|number| number.is_finite())
    }
}

impl Imaged for String {
    fn put(&self, image: &mut Vec<u8>) {
        put_count(self.len(), image);
        image.extend(self.as_bytes());
    }

    #[inline(never)]
    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        bytes.text().map(str::to_owned)
    }
}

impl<T: Imaged> Imaged for Option<T> {
    fn put(&self, image: &mut Vec<u8>) {
        self.is_some().put(image);
        if let Some(value) = self {
            value.put(image);
        }
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        if bool::take(bytes)? { T::take(bytes).map(Some) } else { Some(None) }
    }
}

impl<T: Imaged> Imaged for Vec<T> {
    fn put(&self, image: &mut Vec<u8>) {
        put_count(self.len(), image);
        for value in self {
            value.put(image);
        }
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        // No room is made before: a length that is not true ends where the bytes do.
        let mut values = Self::new();
        for _ in 0..bytes.count()? {
            values.push(T::take(bytes)?);
        }
        Some(values)
    }
}

impl<T: Imaged> Imaged for BTreeMap<String, T> {
    fn put(&self, image: &mut Vec<u8>) {
        put_count(self.len(), image);
        for (key, value) in self {
            key.put(image);
            value.put(image);
        }
    }

    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let mut values = Vec::new();
        for _ in 0..bytes.count()? {
            values.push((String::take(bytes)?, T::take(bytes)?));
        }
        let in_order = values.is_sorted_by(|(left, _), (right, _)| left < right);
        in_order.then(|| values.into_iter().collect())
    }
}

/// Records stand field by field, in the order of this list, which is the form: see `IMAGE_VERSION`.
macro_rules! imaged {
    ($($record:ident { $($field:ident),+ $(,)? })+) => {
        $(impl crate::image::Imaged for $record {
            fn put(&self, image: &mut Vec<u8>) {
                $(self.$field.put(image);)+
            }

            fn take(bytes: &mut crate::image::Bytes<'_>) -> Option<Self> {
                $(let $field = crate::image::Imaged::take(bytes)?;)+
                Some(Self { $($field),+ })
            }
        })+
    };
}

pub(super) use imaged;
