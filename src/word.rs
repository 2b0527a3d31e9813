//! Closed sets of words: one table gives the enum, its spelling on the wire, and its reader.

/// Defines an enum whose variants are words on the wire, in ascending order where order matters.
macro_rules! words {
    (
        $(#[$doc:meta])+
        pub enum $name:ident { $($(#[$variant_doc:meta])+ $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS))]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name {
            $(
                $(#[$variant_doc])+
                #[cfg_attr(feature = "ts", ts(rename = $word))]
                #[cfg_attr(feature = "schema", schemars(rename = $word))]
                $variant,
            )+
        }

        impl $name {
            /// Every word with its meaning, in order.
            pub const WORDS: &[(&str, Self)] = &[$(($word, Self::$variant)),+];

            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// Reads the word.
            ///
            /// # Errors
            /// `invalid_field` if it is none of [`Self::WORDS`].
            pub fn read(node: crate::read::Node<'_>) -> crate::read::Read<Self> {
                node.word(Self::WORDS)
            }
        }

        impl crate::image::Imaged for $name {
            fn put(&self, image: &mut Vec<u8>) {
                let place = Self::WORDS.iter().position(|(_, word)| word == self);
                image.push(place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX));
            }

            fn take(bytes: &mut crate::image::Bytes<'_>) -> Option<Self> {
                let place = usize::from(bytes.byte()?);
                Self::WORDS.get(place).map(|(_, word)| *word)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use words;
