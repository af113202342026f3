//! Values as compact bytes and back, for a snapshot. Not a format to keep: it is read by the engine that wrote it alone.

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use ledger::{Hash, Head};
use rules::{Duration, List, Missing, Value};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use words::{Decimal, PartialDate, Text};

/// Bytes being written. A name is written as its number; the names themselves stand apart ([`Packer::names`]).
#[derive(Default)]
pub struct Packer {
    pub bytes: Vec<u8>,
    numbers: HashMap<Arc<str>, u64>,
    order: Vec<Arc<str>>,
}

/// Bytes being read. Everything refuses (`None`) what it cannot be.
pub struct Reader<'a> {
    rest: &'a [u8],
    /// Of this reader alone: two threads that count the holders of one name wait for each other.
    names: Vec<Arc<str>>,
}

pub trait Pack: Sized {
    fn pack(&self, to: &mut Packer);
    fn unpack(from: &mut Reader<'_>) -> Option<Self>;
}

impl Packer {
    /// Seven bits a byte, the lowest first.
    pub fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.bytes.push(n as u8);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn name(&mut self, name: &Arc<str>) {
        let next = self.order.len() as u64;
        let n = *self.numbers.entry(name.clone()).or_insert_with(|| {
            self.order.push(name.clone());
            next
        });
        self.number(n);
    }

    /// All names in the order of their numbers.
    pub fn names(&self) -> Vec<u8> {
        let mut to = Packer::default();
        to.number(self.order.len() as u64);
        self.order.iter().for_each(|n| to.text(n));
        to.bytes
    }
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], names: &[&str]) -> Reader<'a> {
        Reader { rest: bytes, names: names.iter().map(|n| Arc::from(*n)).collect() }
    }

    /// The names that [`Packer::names`] wrote.
    pub fn all_names(&mut self) -> Option<Vec<&'a str>> {
        let n = self.length()?;
        (0..n).map(|_| self.text()).collect()
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(taken)
    }

    pub fn number(&mut self) -> Option<u64> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(n);
            }
        }
        None
    }

    /// How many things follow: each takes at least a byte.
    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|n| *n <= self.rest.len())
    }

    fn text(&mut self) -> Option<&'a str> {
        let n = self.length()?;
        std::str::from_utf8(self.take(n)?).ok()
    }

    fn name(&mut self) -> Option<Arc<str>> {
        let n = usize::try_from(self.number()?).ok()?;
        self.names.get(n).cloned()
    }
}

/// A struct field by field; leaving one out does not compile.
macro_rules! packed {
    ($($name:ident { $($field:ident),* $(,)? })*) => {$(
        impl $crate::pack::Pack for $name {
            fn pack(&self, to: &mut $crate::pack::Packer) {
                let $name { $($field),* } = self;
                $($field.pack(to);)*
            }
            fn unpack(from: &mut $crate::pack::Reader<'_>) -> Option<Self> {
                Some($name { $($field: $crate::pack::Pack::unpack(from)?),* })
            }
        }
    )*};
}

/// An enum without contents, by number; leaving a variant out does not compile.
macro_rules! packed_choice {
    ($($name:ident { $($number:literal $variant:ident),* $(,)? })*) => {$(
        impl $crate::pack::Pack for $name {
            fn pack(&self, to: &mut $crate::pack::Packer) {
                to.bytes.push(match self { $($name::$variant => $number),* });
            }
            fn unpack(from: &mut $crate::pack::Reader<'_>) -> Option<Self> {
                match from.byte()? { $($number => Some($name::$variant),)* _ => None }
            }
        }
    )*};
}

pub(crate) use {packed, packed_choice};

impl Pack for u64 {
    fn pack(&self, to: &mut Packer) {
        to.number(*self);
    }
    fn unpack(from: &mut Reader<'_>) -> Option<u64> {
        from.number()
    }
}

impl Pack for u32 {
    fn pack(&self, to: &mut Packer) {
        to.number(u64::from(*self));
    }
    fn unpack(from: &mut Reader<'_>) -> Option<u32> {
        from.number()?.try_into().ok()
    }
}

/// The sign in the lowest bit.
impl Pack for i64 {
    fn pack(&self, to: &mut Packer) {
        to.number((self << 1 ^ self >> 63) as u64);
    }
    fn unpack(from: &mut Reader<'_>) -> Option<i64> {
        let n = from.number()?;
        Some((n >> 1) as i64 ^ -((n & 1) as i64))
    }
}

impl Pack for bool {
    fn pack(&self, to: &mut Packer) {
        to.bytes.push(u8::from(*self));
    }
    fn unpack(from: &mut Reader<'_>) -> Option<bool> {
        match from.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<const N: usize> Pack for [u8; N] {
    fn pack(&self, to: &mut Packer) {
        to.bytes.extend_from_slice(self);
    }
    fn unpack(from: &mut Reader<'_>) -> Option<[u8; N]> {
        from.take(N)?.try_into().ok()
    }
}

impl Pack for Hash {
    fn pack(&self, to: &mut Packer) {
        self.0.pack(to);
    }
    fn unpack(from: &mut Reader<'_>) -> Option<Hash> {
        Pack::unpack(from).map(Hash)
    }
}

impl Pack for String {
    fn pack(&self, to: &mut Packer) {
        to.text(self);
    }
    fn unpack(from: &mut Reader<'_>) -> Option<String> {
        from.text().map(str::to_owned)
    }
}

impl Pack for Arc<str> {
    fn pack(&self, to: &mut Packer) {
        to.name(self);
    }
    fn unpack(from: &mut Reader<'_>) -> Option<Arc<str>> {
        from.name()
    }
}

impl Pack for Date {
    fn pack(&self, to: &mut Packer) {
        i64::from(self.year()).pack(to);
        to.bytes.extend([self.month() as u8, self.day() as u8]);
    }
    fn unpack(from: &mut Reader<'_>) -> Option<Date> {
        let year = i64::unpack(from)?.try_into().ok()?;
        let (month, day) = (from.byte()?, from.byte()?);
        Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
    }
}

/// Entries keep time to the microsecond.
impl Pack for Timestamp {
    fn pack(&self, to: &mut Packer) {
        self.as_microsecond().pack(to);
    }
    fn unpack(from: &mut Reader<'_>) -> Option<Timestamp> {
        Timestamp::from_microsecond(i64::unpack(from)?).ok()
    }
}

/// As the opening event writes it.
#[derive(Serialize, Deserialize)]
struct Zone(#[serde(with = "jiff::fmt::serde::tz::required")] TimeZone);

impl Pack for TimeZone {
    fn pack(&self, to: &mut Packer) {
        // A zone that cannot be written leaves an empty text, which nobody can read back.
        serde_json::to_string(&Zone(self.clone())).unwrap_or_default().pack(to);
    }
    fn unpack(from: &mut Reader<'_>) -> Option<TimeZone> {
        serde_json::from_str::<Zone>(from.text()?).ok().map(|z| z.0)
    }
}

impl<T: Pack> Pack for Option<T> {
    fn pack(&self, to: &mut Packer) {
        self.is_some().pack(to);
        if let Some(thing) = self {
            thing.pack(to);
        }
    }
    fn unpack(from: &mut Reader<'_>) -> Option<Option<T>> {
        if bool::unpack(from)? { T::unpack(from).map(Some) } else { Some(None) }
    }
}

impl<T: Pack> Pack for Arc<T> {
    fn pack(&self, to: &mut Packer) {
        self.as_ref().pack(to);
    }
    fn unpack(from: &mut Reader<'_>) -> Option<Arc<T>> {
        T::unpack(from).map(Arc::new)
    }
}

fn all<T: Pack>(things: &[T], to: &mut Packer) {
    to.number(things.len() as u64);
    things.iter().for_each(|t| t.pack(to));
}

impl<T: Pack> Pack for Vec<T> {
    fn pack(&self, to: &mut Packer) {
        all(self, to);
    }
    fn unpack(from: &mut Reader<'_>) -> Option<Vec<T>> {
        let n = from.length()?;
        // Not more room at once than a page: the number may be wrong.
        let mut things = Vec::with_capacity(n.min(4096));
        for _ in 0..n {
            things.push(T::unpack(from)?);
        }
        Some(things)
    }
}

impl<T: Pack> Pack for Arc<[T]> {
    fn pack(&self, to: &mut Packer) {
        all(self, to);
    }
    fn unpack(from: &mut Reader<'_>) -> Option<Arc<[T]>> {
        Vec::unpack(from).map(Arc::from)
    }
}

impl<K: Pack + Ord, V: Pack> Pack for BTreeMap<K, V> {
    fn pack(&self, to: &mut Packer) {
        to.number(self.len() as u64);
        for (key, value) in self {
            key.pack(to);
            value.pack(to);
        }
    }
    fn unpack(from: &mut Reader<'_>) -> Option<BTreeMap<K, V>> {
        let n = from.length()?;
        (0..n).map(|_| Some((K::unpack(from)?, V::unpack(from)?))).collect()
    }
}

impl<T: Pack + Ord> Pack for BTreeSet<T> {
    fn pack(&self, to: &mut Packer) {
        to.number(self.len() as u64);
        self.iter().for_each(|t| t.pack(to));
    }
    fn unpack(from: &mut Reader<'_>) -> Option<BTreeSet<T>> {
        let n = from.length()?;
        (0..n).map(|_| T::unpack(from)).collect()
    }
}

macro_rules! packed_row {
    ($($name:ident $at:tt),*) => {
        impl<$($name: Pack),*> Pack for ($($name,)*) {
            fn pack(&self, to: &mut Packer) {
                $(self.$at.pack(to);)*
            }
            fn unpack(from: &mut Reader<'_>) -> Option<Self> {
                Some(($($name::unpack(from)?,)*))
            }
        }
    };
}
packed_row!(A 0, B 1);
packed_row!(A 0, B 1, C 2);

packed! {
    Text { ja, en }
    Head { seq, hash }
    List { complete, records }
}

packed_choice! {
    Missing { 0 NotYetKnown, 1 Unknown, 2 NotDone, 3 NotApplicable }
}

impl Pack for Duration {
    fn pack(&self, to: &mut Packer) {
        i64::from(self.months).pack(to);
        i64::from(self.days).pack(to);
    }
    fn unpack(from: &mut Reader<'_>) -> Option<Duration> {
        let (months, days) = (i64::unpack(from)?.try_into().ok()?, i64::unpack(from)?.try_into().ok()?);
        Some(Duration { months, days })
    }
}

impl Pack for PartialDate {
    fn pack(&self, to: &mut Packer) {
        match self {
            PartialDate::Day(day) => {
                to.bytes.push(0);
                day.pack(to);
            }
            PartialDate::Month(year, month) => {
                to.bytes.push(1);
                i64::from(*year).pack(to);
                i64::from(*month).pack(to);
            }
            PartialDate::Year(year) => {
                to.bytes.push(2);
                i64::from(*year).pack(to);
            }
        }
    }
    fn unpack(from: &mut Reader<'_>) -> Option<PartialDate> {
        let kind = from.byte()?;
        if kind == 0 {
            return Date::unpack(from).map(PartialDate::Day);
        }
        let year = i64::unpack(from)?.try_into().ok()?;
        match kind {
            1 => Some(PartialDate::Month(
                year,
                i64::unpack(from)?.try_into().ok().filter(|m| (1..=12).contains(m))?,
            )),
            2 => Some(PartialDate::Year(year)),
            _ => None,
        }
    }
}

impl Pack for Value {
    fn pack(&self, to: &mut Packer) {
        let mut kind = |n: u8| to.bytes.push(n);
        match self {
            Value::Missing(why) => {
                kind(0);
                why.pack(to);
            }
            Value::Boolean(b) => {
                kind(1);
                b.pack(to);
            }
            Value::Integer(n) => {
                kind(2);
                n.pack(to);
            }
            Value::Decimal(d) => {
                kind(3);
                d.serialize().pack(to);
            }
            Value::Code(code) => {
                kind(4);
                to.name(code);
            }
            // Free text is written once: it seldom comes again.
            Value::Text(text) => {
                kind(5);
                to.text(text);
            }
            Value::Date(date) => {
                kind(6);
                date.pack(to);
            }
            Value::Duration(duration) => {
                kind(7);
                duration.pack(to);
            }
            Value::List(list) => {
                kind(8);
                list.pack(to);
            }
        }
    }
    fn unpack(from: &mut Reader<'_>) -> Option<Value> {
        Some(match from.byte()? {
            0 => Value::Missing(Missing::unpack(from)?),
            1 => Value::Boolean(bool::unpack(from)?),
            2 => Value::Integer(i64::unpack(from)?),
            3 => Value::Decimal(Decimal::deserialize(<[u8; 16]>::unpack(from)?)),
            4 => Value::Code(from.name()?),
            5 => Value::Text(from.text()?.into()),
            6 => Value::Date(PartialDate::unpack(from)?),
            7 => Value::Duration(Duration::unpack(from)?),
            8 => Value::List(List::unpack(from)?),
            _ => return None,
        })
    }
}
