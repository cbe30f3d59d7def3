//! Enumerations whose values have one fixed name each, written the same in sweep files, stores and messages.

/// Declares an enum with `ALL`, `NAMES`, `name`, `from_name`, `Display` and serde, all from one list of names. The crate that
/// uses it depends on `serde`.
#[macro_export]
macro_rules! named {
    (
        $(#[$outer:meta])*
        pub enum $enum:ident {
            $( $(#[$inner:meta])* $variant:ident = $name:literal, )+
        }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $enum {
            $( $(#[$inner])* #[serde(rename = $name)] $variant, )+
        }

        impl $enum {
            /// Every value, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$( Self::$variant ),+];

            /// The name of every value, in the order of [`Self::ALL`].
            pub const NAMES: &'static [&'static str] = &[$( $name ),+];

            /// The name in sweep files and stores.
            pub fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }

            /// The value with this name, if there is one.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $( $name => Some(Self::$variant), )+ _ => None }
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
