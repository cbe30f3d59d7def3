//! Names in score files: known ones, and those that a newer version may have written.

use crate::metric::Metric;
use crate::representation::Representation;
use crate::variant::Variant;

/// Declares a name that is a string in files, with conversions, comparison by the string, and serde.
macro_rules! open_name {
    (
        $(#[$outer:meta])*
        pub enum $enum:ident of $known:ident {
            $( $(#[$inner:meta])* $other:ident = $name:literal, )*
        }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Debug)]
        pub enum $enum {
            #[doc = concat!("A known [`", stringify!($known), "`].")]
            Known($known),
            $( $(#[$inner])* $other, )*
            /// A name that this version does not know.
            Unknown(Box<str>),
        }

        impl $enum {
            /// The name in files.
            pub fn as_str(&self) -> &str {
                match self {
                    Self::Known(known) => known.name(),
                    $( Self::$other => $name, )*
                    Self::Unknown(name) => name,
                }
            }

            #[doc = concat!("The [`", stringify!($known), "`], if it is one that this version knows.")]
            pub fn known(&self) -> Option<$known> {
                match self {
                    Self::Known(known) => Some(*known),
                    _ => None,
                }
            }
        }

        impl From<$known> for $enum {
            fn from(known: $known) -> Self {
                Self::Known(known)
            }
        }

        impl From<&str> for $enum {
            fn from(name: &str) -> Self {
                match name {
                    $( $name => Self::$other, )*
                    _ => $known::from_name(name).map_or_else(|| Self::Unknown(name.into()), Self::Known),
                }
            }
        }

        impl From<&$enum> for $enum {
            fn from(name: &$enum) -> Self {
                name.clone()
            }
        }

        impl PartialEq for $enum {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl Eq for $enum {}

        impl PartialEq<$known> for $enum {
            fn eq(&self, other: &$known) -> bool {
                self.known() == Some(*other)
            }
        }

        impl PartialEq<str> for $enum {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $enum {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        // Alphabetical: score files are sorted by these names.
        impl Ord for $enum {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        impl PartialOrd for $enum {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl std::hash::Hash for $enum {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $enum {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $enum {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $enum;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a name")
                    }

                    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<$enum, E> {
                        Ok(name.into())
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }
    };
}

open_name! {
    /// What computed a score: a metric, or the losses of the trained model.
    pub enum MetricName of Metric {
        /// The parts of the evidence lower bound, taken of every trial.
        Elbo = "elbo",
    }
}

open_name! {
    /// How a score was computed.
    pub enum VariantName of Variant {
        /// Over the probe, a fixed set of grid points: the variant of [`MetricName::Elbo`].
        Probe = "probe",
    }
}

open_name! {
    /// Which codes a score is of.
    pub enum RepresentationName of Representation {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_as_it_was_written() {
        for name in Metric::NAMES
            .into_iter()
            .chain(["elbo", "of-a-newer-version", ""])
        {
            let json = serde_json::to_string(name).unwrap();
            let read: MetricName = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), json);
        }
        assert!(matches!(
            MetricName::from("mig"),
            MetricName::Known(Metric::Mig)
        ));
        assert!(matches!(MetricName::from("elbo"), MetricName::Elbo));
        assert!(matches!(VariantName::from("probe"), VariantName::Probe));
        assert_eq!(RepresentationName::from("mean"), Representation::Mean);
        assert_eq!(VariantName::from("monte-carlo").known(), None);
    }

    #[test]
    fn names_are_in_alphabetical_order() {
        let mut names = ["study", "probe", "exact", "newer", "lin-2020"].map(VariantName::from);
        names.sort();
        assert_eq!(
            names,
            ["exact", "lin-2020", "newer", "probe", "study"].map(VariantName::from)
        );
    }
}
