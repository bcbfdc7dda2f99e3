//! A disk that keeps its word and not one bit more: what was not synced may be
//! there after a crash or not, and a file that was not synced is torn.
//!
//! Each entry of each directory is an adversary of its own: a rename is two
//! changes, and either may reach the disk without the other. So what a crash
//! can leave at a path follows entry by entry, and no set of crashes has to be
//! gone through.

use std::collections::{BTreeMap, BTreeSet};

/// What a program did, in the order in which it did it. Paths begin at the
/// directory that was there before, and is safe.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Step {
    Mkdir(String),
    /// A new file, empty.
    Create(String),
    /// More bytes at the end of a file.
    Write(String, Vec<u8>),
    /// An fsync of a file or of a directory.
    Sync(String),
    /// A sync of all there is.
    SyncAll,
    Rename(String, String),
    Link(String, String),
    Unlink(String),
    /// To the client.
    Said(Vec<u8>),
}

/// What a crash can leave at a path.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Fate {
    Gone,
    Torn,
    Whole(Vec<u8>),
    Directory,
}

#[derive(Debug)]
enum Node {
    File { bytes: Vec<u8>, synced: bool },
    Directory(BTreeMap<String, Entry>),
}

impl Node {
    fn sync(&mut self) {
        match self {
            Self::File { synced, .. } => *synced = true,
            Self::Directory(entries) => {
                for entry in entries.values_mut() {
                    entry.maybe = vec![entry.now];
                }
            }
        }
    }
}

/// A name in a directory: what it names now, and all that it may name after a crash.
#[derive(Debug)]
struct Entry {
    now: Option<usize>,
    maybe: Vec<Option<usize>>,
}

#[derive(Debug)]
pub(super) struct Disk {
    /// The first one is where paths begin.
    nodes: Vec<Node>,
}

impl Disk {
    /// A disk with these directories, on which nothing is in the air.
    pub(super) fn with(directories: &[&str]) -> Self {
        let root = Node::Directory(BTreeMap::new());
        let mut disk = Self { nodes: vec![root] };
        for path in directories {
            disk.step(&Step::Mkdir((*path).to_owned()));
            disk.step(&Step::Sync(parent(path).0.to_owned()));
        }
        disk
    }

    pub(super) fn step(&mut self, step: &Step) {
        match step {
            Step::Mkdir(path) => self.add(path, Node::Directory(BTreeMap::new())),
            Step::Create(path) => {
                let (bytes, synced) = (Vec::new(), false);
                self.add(path, Node::File { bytes, synced });
            }
            Step::Write(path, more) => match self.at(path) {
                Node::File { bytes, synced } => {
                    bytes.extend_from_slice(more);
                    *synced = false;
                }
                Node::Directory(_) => panic!("{path} is a directory"),
            },
            Step::Sync(path) => self.at(path).sync(),
            Step::SyncAll => self.nodes.iter_mut().for_each(Node::sync),
            Step::Rename(from, to) => {
                let id = self.id(from);
                self.set(to, id);
                self.set(from, None);
            }
            Step::Link(from, to) => {
                let id = self.id(from);
                self.set(to, id);
            }
            Step::Unlink(path) => self.set(path, None),
            Step::Said(_) => {}
        }
    }

    /// All that a crash at this moment can leave there.
    pub(super) fn fates(&self, path: &str) -> BTreeSet<Fate> {
        self.fates_below(0, path)
    }

    fn fates_below(&self, node: usize, path: &str) -> BTreeSet<Fate> {
        match &self.nodes[node] {
            Node::File { .. } if !path.is_empty() => BTreeSet::from([Fate::Gone]),
            Node::File { synced: false, .. } => BTreeSet::from([Fate::Torn]),
            Node::File { bytes, .. } => BTreeSet::from([Fate::Whole(bytes.clone())]),
            Node::Directory(_) if path.is_empty() => BTreeSet::from([Fate::Directory]),
            Node::Directory(entries) => {
                let (name, rest) = path.split_once('/').unwrap_or((path, ""));
                let maybe = entries.get(name).map_or(&[None][..], |entry| &entry.maybe);
                let fates = maybe.iter().map(|id| match id {
                    Some(id) => self.fates_below(*id, rest),
                    None => BTreeSet::from([Fate::Gone]),
                });
                fates.flatten().collect()
            }
        }
    }

    /// All names that a crash at this moment can leave in a directory.
    pub(super) fn names(&self, path: &str) -> Vec<&str> {
        match self.id(path).map(|id| &self.nodes[id]) {
            Some(Node::Directory(entries)) => entries
                .iter()
                .filter(|(_, entry)| entry.maybe.iter().any(Option::is_some))
                .map(|(name, _)| name.as_str())
                .collect(),
            _ => Vec::new(),
        }
    }

    /// What the running system sees there.
    pub(super) fn read(&self, path: &str) -> Option<&[u8]> {
        match &self.nodes[self.id(path)?] {
            Node::File { bytes, .. } => Some(bytes),
            Node::Directory(_) => None,
        }
    }

    fn add(&mut self, path: &str, node: Node) {
        self.nodes.push(node);
        self.set(path, Some(self.nodes.len() - 1));
    }

    fn set(&mut self, path: &str, id: Option<usize>) {
        let (directory, name) = parent(path);
        let Node::Directory(entries) = self.at(directory) else {
            panic!("{directory} is no directory");
        };
        let entry = entries.entry(name.to_owned()).or_insert(Entry {
            now: None,
            maybe: vec![None],
        });
        entry.now = id;
        entry.maybe.push(id);
    }

    fn at(&mut self, path: &str) -> &mut Node {
        let id = self.id(path).unwrap_or_else(|| panic!("no {path}"));
        &mut self.nodes[id]
    }

    fn id(&self, path: &str) -> Option<usize> {
        let names = path.split('/').filter(|name| !name.is_empty());
        names.into_iter().try_fold(0, |id, name| {
            let Node::Directory(entries) = &self.nodes[id] else {
                return None;
            };
            entries.get(name)?.now
        })
    }
}

/// The directory of a path, and its name there.
fn parent(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

#[test]
fn a_crash_leaves_what_was_synced_and_perhaps_more() {
    use Fate::{Directory, Gone, Torn};
    let bytes = || b"Disk full".to_vec();
    let whole = || Fate::Whole(bytes());
    let mut disk = Disk::with(&["d", "e"]);
    let mut after = |step: Step, path: &str, fates: &[Fate]| {
        disk.step(&step);
        assert_eq!(
            disk.fates(path),
            BTreeSet::from_iter(fates.to_vec()),
            "{step:?}"
        );
    };
    let sync = |path: &str| Step::Sync(path.to_owned());
    let rename = |a: &str, b: &str| Step::Rename(a.to_owned(), b.to_owned());
    after(Step::Create("d/f".to_owned()), "d/f", &[Gone, Torn]);
    after(sync("d"), "d/f", &[Torn]);
    after(Step::Write("d/f".to_owned(), bytes()), "d/f", &[Torn]);
    after(sync("d/f"), "d/f", &[whole()]);
    // A rename is two changes, and each is synced by itself.
    after(rename("d/f", "e/f"), "d/f", &[Gone, whole()]);
    after(sync("d"), "e/f", &[Gone, whole()]);
    after(sync("e"), "e/f", &[whole()]);
    after(Step::Unlink("e/f".to_owned()), "e/f", &[Gone, whole()]);
    after(sync("e"), "e/f", &[Gone]);
    // What is in a directory is not safer than the directory.
    after(Step::Mkdir("d/g".to_owned()), "d/g", &[Gone, Directory]);
    after(Step::Create("d/g/f".to_owned()), "d/g/f", &[Gone, Torn]);
    after(
        Step::Write("d/g/f".to_owned(), bytes()),
        "d/g/f",
        &[Gone, Torn],
    );
    after(sync("d/g/f"), "d/g/f", &[Gone, whole()]);
    after(sync("d/g"), "d/g/f", &[Gone, whole()]);
    after(sync("d"), "d/g/f", &[whole()]);
    // A second name, and a write behind the sync.
    after(
        Step::Link("d/g/f".to_owned(), "e/h".to_owned()),
        "e/h",
        &[Gone, whole()],
    );
    after(Step::Write("e/h".to_owned(), bytes()), "d/g/f", &[Torn]);
    let twice = Fate::Whole(bytes().repeat(2));
    after(Step::SyncAll, "e/h", &[twice]);
}
