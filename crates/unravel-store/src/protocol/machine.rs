//! What a machine had too little of, known by the words of whoever met the limit.
//!
//! The standard library and the libraries that start threads panic where the system gives none, and a process without
//! memory ends at once; all that is left of the cause is the text of the panic or the last line.

/// What the machine had too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Memory; fewer models at a time need less of it.
    Memory,
    /// Threads, processes, open files, or the memory of a thread's stack.
    Handles,
}

/// How this program's own sentence for want of memory begins.
pub const NO_MEMORY: &str = "not enough memory";
/// Words of this program, the system and the standard library for want of memory.
const OF_MEMORY: [&str; 3] = [NO_MEMORY, "memory allocation of ", "Cannot allocate memory"];
/// The same for want of threads, processes and open files.
const OF_HANDLES: [&str; 3] = [
    "Resource temporarily unavailable",
    "Too many open files",
    "has overflowed its stack",
];

/// What the machine had too little of by the words of a message, a panic or an abort; none where they speak of
/// something else. Threads come first: for want of memory for its stack a thread is refused too.
#[must_use]
pub fn lack(words: &str) -> Option<Lack> {
    let says = |marks: &[&str]| marks.iter().any(|mark| words.contains(mark));
    match (says(&OF_HANDLES), says(&OF_MEMORY)) {
        (true, _) => Some(Lack::Handles),
        (false, true) => Some(Lack::Memory),
        (false, false) => None,
    }
}

/// What is said of a limit: that it is the machine's, and what helps.
pub const LIMIT_REMEDY: &str = "this is a limit of the machine, not an error of a trial; raise it (`ulimit -a` lists the \
                                limits) or use fewer workers (`--jobs`), then run the same command again";

/// The sentence for a person: the reason and [`LIMIT_REMEDY`], which is not said twice.
#[must_use]
pub fn limit_sentence(reason: &str) -> String {
    match reason.contains(LIMIT_REMEDY) {
        true => reason.to_owned(),
        false => format!("{reason}; {LIMIT_REMEDY}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_known_by_the_words_of_the_system() {
        for errno in [rustix::io::Errno::AGAIN, rustix::io::Errno::MFILE] {
            let error = std::io::Error::from(errno);
            assert_eq!(lack(&error.to_string()), Some(Lack::Handles), "{error}");
            assert_eq!(
                lack(&format!("{error:?}")),
                Some(Lack::Handles),
                "{error:?}"
            );
        }
        let error = std::io::Error::from(rustix::io::Errno::NOMEM);
        assert_eq!(lack(&error.to_string()), Some(Lack::Memory));
        assert_eq!(
            lack("memory allocation of 64 bytes failed"),
            Some(Lack::Memory)
        );
        let sentence = limit_sentence("no thread");
        assert_eq!(limit_sentence(&sentence), sentence);
        assert_eq!(lack("index out of bounds: the len is 3"), None);
        assert_eq!(lack("cannot write `state.json`: Permission denied"), None);
    }
}
