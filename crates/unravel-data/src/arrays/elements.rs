//! From an array's bytes to numbers.

use super::fault::{ArrayFault, NpzError};
use super::reader::ArrayReader;

/// Bytes that are read at once; a multiple of every element's size.
const CHUNK: usize = 1 << 16;

/// A type of elements that a file may hold.
pub trait Element: Copy + Default {
    /// NumPy's type string, little-endian where that matters.
    const DESCR: &'static str;
    /// Its name in NumPy, for messages.
    const NAME: &'static str;
    /// How to convert an array `x` to it where that changes no value.
    const CONVERSION: &'static str;
    /// The elements in these bytes, of which there is a whole number.
    fn decode(bytes: &[u8]) -> impl Iterator<Item = Self>;
    /// Adds the element's bytes.
    fn encode(self, bytes: &mut Vec<u8>);
    /// The nearest number of double precision.
    fn to_f64(self) -> f64;
}

macro_rules! element {
    ($type:ty, $descr:literal, $name:literal) => {
        impl Element for $type {
            const DESCR: &'static str = $descr;
            const NAME: &'static str = $name;
            const CONVERSION: &'static str = concat!(
                "write x.astype(np.",
                $name,
                ") if np.array_equal(x, x.astype(np.",
                $name,
                ")), which changes no value then"
            );
            fn decode(bytes: &[u8]) -> impl Iterator<Item = Self> {
                let (elements, _) = bytes.as_chunks();
                elements.iter().map(|&element| Self::from_le_bytes(element))
            }
            fn encode(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_le_bytes());
            }
            fn to_f64(self) -> f64 {
                self as f64
            }
        }
    };
}

element!(u8, "|u1", "uint8");
element!(u16, "<u2", "uint16");
element!(u32, "<u4", "uint32");
element!(u64, "<u8", "uint64");
element!(i8, "|i1", "int8");
element!(i16, "<i2", "int16");
element!(i32, "<i4", "int32");
element!(i64, "<i8", "int64");
element!(f32, "<f4", "float32");
element!(f64, "<f8", "float64");

/// Evaluates `$body` with `$T` as the type of elements that `$descr` names, `$otherwise` where it names none of them.
macro_rules! of_type {
    ($descr:expr, $T:ident => $body:expr, _ => $otherwise:expr) => {
        $crate::arrays::of_type!(
            @each $descr, $T => $body, _ => $otherwise, u8 u16 u32 u64 i8 i16 i32 i64 f32 f64
        )
    };
    (@each $descr:expr, $T:ident => $body:expr, _ => $otherwise:expr, $($type:ty)*) => {
        match $descr {
            $(descr if descr == <$type as $crate::arrays::Element>::DESCR => {
                type $T = $type;
                $body
            })*
            _ => $otherwise,
        }
    };
}
pub(crate) use of_type;

/// The types of which [`ArrayReader::integers`] makes integers.
const INTEGERS: [&str; 9] = [
    "|b1",
    u8::DESCR,
    u16::DESCR,
    u32::DESCR,
    u64::DESCR,
    i8::DESCR,
    i16::DESCR,
    i32::DESCR,
    i64::DESCR,
];

impl ArrayReader<'_> {
    /// All elements of an array of this very type, rows first whatever their order in the file.
    ///
    /// # Errors
    /// When its dtype is another, it is damaged, or there is no memory for it.
    pub fn values<T: Element>(self) -> Result<Vec<T>, NpzError> {
        if self.descr() != T::DESCR {
            return Err(self.wrong_dtype(T::NAME, T::CONVERSION));
        }
        self.converted(|value: T| value)
    }

    /// All elements of an array of integers or booleans, rows first. Those of uint64 above `i64::MAX` wrap around, so
    /// that they stay distinct.
    ///
    /// # Errors
    /// As [`Self::values`].
    pub fn integers(self) -> Result<Vec<i64>, NpzError> {
        // Before room is taken for elements that are no integers.
        if !self.is_of_integers() {
            return Err(self.no_integers());
        }
        let mut values = self.room(self.n_elements(), 0)?;
        self.each_integer(|at, value| {
            values[at] = value;
            Ok(())
        })?;
        Ok(values)
    }

    /// Calls `each` with the place, rows first, and the value of every element, as [`Self::integers`] has them, in the
    /// order of the file. None of them is held.
    ///
    /// # Errors
    /// As [`Self::values`], and what `each` returns.
    pub(crate) fn each_integer(
        self,
        mut each: impl FnMut(usize, i64) -> Result<(), ArrayFault>,
    ) -> Result<(), NpzError> {
        match self.descr() {
            u8::DESCR | "|b1" => self.each(|at, value: u8| each(at, value.into())),
            u16::DESCR => self.each(|at, value: u16| each(at, value.into())),
            u32::DESCR => self.each(|at, value: u32| each(at, value.into())),
            u64::DESCR => self.each(|at, value: u64| each(at, value.cast_signed())),
            i8::DESCR => self.each(|at, value: i8| each(at, value.into())),
            i16::DESCR => self.each(|at, value: i16| each(at, value.into())),
            i32::DESCR => self.each(|at, value: i32| each(at, value.into())),
            i64::DESCR => self.each(each),
            _ => Err(self.no_integers()),
        }
    }

    /// Calls `each` with the place, rows first, and the value of every element of an array of float32 or float64, in
    /// the order of the file. None of them is held.
    ///
    /// # Errors
    /// As [`Self::values`], and what `each` returns.
    pub(crate) fn each_float(
        self,
        mut each: impl FnMut(usize, f64) -> Result<(), ArrayFault>,
    ) -> Result<(), NpzError> {
        match self.descr() {
            f32::DESCR => self.each(|at, value: f32| each(at, value.into())),
            f64::DESCR => self.each(each),
            _ => Err(self.wrong_dtype("little-endian float32 or float64", self.to_floats())),
        }
    }

    /// Whether [`Self::integers`] takes its elements.
    pub(crate) fn is_of_integers(&self) -> bool {
        INTEGERS.contains(&self.descr())
    }

    /// The fault of an array that is to be one of integers.
    pub(crate) fn no_integers(&self) -> NpzError {
        self.wrong_dtype(
            "a little-endian integer, best int64,",
            "np.unique(x, return_inverse=True)[1].reshape(x.shape) numbers its distinct values, \
             where .astype would make one of several",
        )
    }

    /// All elements of an array of float32 or float64, rows first, the latter rounded.
    ///
    /// # Errors
    /// As [`Self::values`].
    pub fn floats(self) -> Result<Vec<f32>, NpzError> {
        match self.descr() {
            f32::DESCR => self.converted(|value: f32| value),
            f64::DESCR => self.converted(|value: f64| value as f32),
            _ => Err(self.wrong_dtype("little-endian float32 or float64", self.to_floats())),
        }
    }

    /// How to make floats of the elements, of which [`Self::floats`] takes none as they are.
    pub(crate) fn to_floats(&self) -> &'static str {
        match self.descr().trim_start_matches(['<', '|']) {
            "f2" => "x.astype(np.float32) keeps its values",
            descr if descr.starts_with('c') => {
                "np.concatenate([x.real, x.imag], axis=-1) has both parts"
            }
            descr if descr.starts_with('f') => "x.astype(np.float64) keeps 16 digits of its values",
            _ => "x.astype(np.float64) keeps its values up to 2**53",
        }
    }

    /// Calls `each` with the value of every element of an array of numbers, in the order of the file; none is held.
    ///
    /// # Errors
    /// As [`Self::values`], and what `each` returns.
    pub(crate) fn each_number(
        self,
        mut each: impl FnMut(usize, f64) -> Result<(), ArrayFault>,
    ) -> Result<(), NpzError> {
        let descr = self.descr().to_owned();
        of_type!(
            descr,
            T => self.each(|at, value: T| each(at, value.to_f64())),
            _ => Err(self.no_integers())
        )
    }

    /// All bytes of the elements, in the order of the file.
    ///
    /// # Errors
    /// When it is damaged or there is no memory for it.
    pub(crate) fn raw(mut self, n_bytes: usize) -> Result<Vec<u8>, NpzError> {
        let mut bytes = self.room(n_bytes, 0)?;
        self.read(&mut bytes)?;
        self.finish()?;
        Ok(bytes)
    }

    fn converted<T: Element, U: Copy + Default>(
        self,
        convert: impl Fn(T) -> U,
    ) -> Result<Vec<U>, NpzError> {
        let mut values = self.room(self.n_elements(), U::default())?;
        self.each(|at, element| {
            values[at] = convert(element);
            Ok(())
        })?;
        Ok(values)
    }

    /// Calls `each` with the place, rows first, and the value of every element, in the order of the file.
    fn each<T: Element>(
        mut self,
        mut each: impl FnMut(usize, T) -> Result<(), ArrayFault>,
    ) -> Result<(), NpzError> {
        let by_columns = self.columns()?;
        let place = |at: usize| match by_columns {
            Some([n_rows, n_columns]) => at % n_rows * n_columns + at / n_rows,
            None => at,
        };
        let (n_elements, n_at_once) = (self.n_elements(), CHUNK / size_of::<T>());
        let mut buffer = vec![0; CHUNK];
        for start in (0..n_elements).step_by(n_at_once) {
            let n = n_at_once.min(n_elements - start);
            let bytes = &mut buffer[..size_of::<T>() * n];
            self.read(bytes)?;
            for (at, element) in (start..).zip(T::decode(bytes)) {
                each(place(at), element).map_err(|fault| self.fault(fault))?;
            }
        }
        self.finish()
    }

    /// The shape of a matrix that lies columns first.
    fn columns(&self) -> Result<Option<[usize; 2]>, NpzError> {
        match (self.is_by_columns(), self.shape()) {
            (false, _) => Ok(None),
            (true, &[n_rows, n_columns]) => Ok(Some([n_rows as usize, n_columns as usize])),
            (true, _) => Err(self.fault(ArrayFault::FortranOrder)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::*;
    use crate::arrays::{ArrayFile, Header};

    /// A `.npy` with these elements, lying as `fortran_order` says.
    fn npy(descr: &str, shape: &[u64], fortran_order: bool, elements: &[u8]) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("array.npy");
        let header = Header {
            descr: descr.to_owned(),
            fortran_order,
            shape: shape.to_vec(),
        };
        std::fs::write(&path, [&header.to_bytes(), elements].concat()).unwrap();
        (folder, path)
    }

    fn opened(file: &(TempDir, PathBuf)) -> ArrayReader<'static> {
        ArrayReader::open(&file.1).unwrap()
    }

    #[test]
    fn rows_come_first_whatever_the_order_in_the_file() {
        let elements: Vec<u8> = [1_i16, 2, 3, 4, 5, -6]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        let rows = npy("<i2", &[2, 3], false, &elements);
        assert_eq!(opened(&rows).values::<i16>().unwrap(), [1, 2, 3, 4, 5, -6]);
        let columns = npy("<i2", &[2, 3], true, &elements);
        assert!(opened(&columns).is_by_columns());
        assert_eq!(opened(&columns).integers().unwrap(), [1, 3, 5, 2, 4, -6]);
        let vector = npy("<i2", &[6], true, &elements);
        assert!(!opened(&vector).is_by_columns());
        assert_eq!(opened(&vector).integers().unwrap(), [1, 2, 3, 4, 5, -6]);
        let empty = npy("<i2", &[0, 3], true, &[]);
        assert_eq!(opened(&empty).integers().unwrap(), [0; 0]);
        let cube = npy("<i2", &[1, 2, 3], true, &elements);
        assert!(
            opened(&cube)
                .integers()
                .unwrap_err()
                .to_string()
                .contains("ascontiguousarray")
        );
    }

    #[test]
    fn floats_are_read_across_many_chunks() {
        let n = 3 * CHUNK as u64 / 8 + 7;
        let elements: Vec<u8> = (0..n)
            .flat_map(|x| (x as f64 / 3.0).to_le_bytes())
            .collect();
        let file = npy("<f8", &[n, 1], false, &elements);
        let floats = opened(&file).floats().unwrap();
        assert!(
            floats
                .iter()
                .enumerate()
                .all(|(x, &float)| float == (x as f64 / 3.0) as f32)
        );
        assert_eq!(floats.len() as u64, n);
    }

    #[test]
    fn another_type_is_named() {
        let file = npy(">f4", &[1], false, &[0; 4]);
        let message = opened(&file).floats().unwrap_err().to_string();
        assert!(
            message.contains("'>f4', but little-endian float32 or float64 is required"),
            "{message}"
        );
        assert!(opened(&file).integers().is_err() && opened(&file).values::<f32>().is_err());
        let file = npy("|b1", &[2], false, &[0, 1]);
        assert_eq!(opened(&file).integers().unwrap(), [0, 1]);
    }

    #[test]
    fn the_type_is_looked_at_before_room_is_taken() {
        // Texts of no characters take no bytes in the file, and as integers would take more than there is.
        let file = npy("|S0", &[1 << 46], false, &[]);
        for refused in [
            opened(&file).integers().unwrap_err(),
            opened(&file).floats().unwrap_err(),
            opened(&file).values::<u8>().unwrap_err(),
        ] {
            let message = refused.to_string();
            assert!(message.contains("the dtype is '|S0'"), "{message}");
        }
        for descr in INTEGERS {
            let file = npy(
                descr,
                &[1],
                false,
                &[1, 0, 0, 0, 0, 0, 0, 0][..width(descr)],
            );
            assert_eq!(opened(&file).integers().unwrap(), [1], "{descr}");
        }
    }

    /// Bytes of an element, by the digit at the end of its type.
    fn width(descr: &str) -> usize {
        descr[2..].parse().unwrap()
    }

    #[test]
    fn a_file_is_what_it_starts_with() {
        let file = npy("|u1", &[2, 2], false, &[1, 2, 3, 4]);
        assert!(matches!(
            ArrayFile::open(&file.1).unwrap(),
            ArrayFile::Array(_)
        ));
        let whole = std::fs::read(&file.1).unwrap();
        for n in 0..whole.len() {
            std::fs::write(&file.1, &whole[..n]).unwrap();
            let message = ArrayFile::open(&file.1).unwrap_err().to_string();
            assert!(message.contains("array.npy"), "{message}");
        }
        std::fs::write(&file.1, [whole.as_slice(), &[0]].concat()).unwrap();
        let message = ArrayFile::open(&file.1).unwrap_err().to_string();
        assert!(
            message.contains("states 132 bytes, but there are 133"),
            "{message}"
        );
        let message = ArrayFile::open(file.0.path()).unwrap_err().to_string();
        assert!(message.contains("directory"), "{message}");
        #[cfg(unix)]
        {
            let message = ArrayFile::open("/dev/null".as_ref())
                .unwrap_err()
                .to_string();
            assert!(message.contains("not a regular file"), "{message}");
        }
    }
}
