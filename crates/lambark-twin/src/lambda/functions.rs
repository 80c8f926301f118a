//! Every function of every account and Region.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::arn;
use super::error::{ApiError, Code};
use super::machine::Function;
use crate::Error;
use crate::scope::Scope;
use crate::store::Shelf;

/// The kind under which functions are kept.
const KIND: &str = "functions";

/// Functions of one account and Region, in the order of their names.
type Named = BTreeMap<Box<str>, Arc<Cell>>;

/// Every function.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    by_scope: RwLock<BTreeMap<Scope, Named>>,
}

/// A function's place. It is emptied by the deletion, so that nobody who still holds it brings the function back.
#[derive(Debug)]
pub(super) struct Cell(Mutex<Option<Box<Function>>>);

impl Cell {
    fn lock(&self) -> MutexGuard<'_, Option<Box<Function>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the function, if it is still there.
    pub(super) fn look<T>(&self, look: impl FnOnce(&mut Function) -> T) -> Option<T> {
        self.lock().as_deref_mut().map(look)
    }
}

impl Functions {
    /// Those on the shelf.
    pub(crate) fn open(shelf: &Shelf) -> Result<Functions, Error> {
        let mut all: BTreeMap<Scope, Named> = BTreeMap::new();
        for function in shelf.load_all::<Function>(KIND)? {
            if let Some((scope, name)) = arn::scope_of(&function.arn) {
                let (name, cell) = (Box::from(name), Cell(Mutex::new(Some(Box::new(function)))));
                all.entry(scope).or_default().insert(name, Arc::new(cell));
            }
        }
        Ok(Functions { by_scope: RwLock::new(all) })
    }

    /// Adds a new one. One that has the name already is a conflict.
    pub(super) fn add(&self, shelf: &Shelf, scope: &Scope, function: Function) -> Result<(), ApiError> {
        let mut all = self.by_scope.write().unwrap_or_else(PoisonError::into_inner);
        let named = all.entry(scope.clone()).or_default();
        let name = function.name();
        if named.get(name).is_some_and(|cell| cell.lock().is_some()) {
            return Err(ApiError::new(Code::ResourceConflict, format!("Function already exist: {name}")));
        }
        keep(shelf, scope, &function)?;
        named.insert(name.into(), Arc::new(Cell(Mutex::new(Some(Box::new(function))))));
        Ok(())
    }

    /// Looks at one; what changes by looking (time passes) is not kept. `look` must be short.
    pub(super) fn look<T>(
        &self,
        scope: &Scope,
        name: &str,
        look: impl FnOnce(&mut Function) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let cell = self.cell(scope, name).ok_or_else(|| missing(scope, name))?;
        cell.look(look).ok_or_else(|| missing(scope, name))?
    }

    /// Changes one and keeps it, unless the change is refused; so it has to refuse before it changes anything.
    pub(super) fn change<T>(
        &self,
        shelf: &Shelf,
        scope: &Scope,
        name: &str,
        change: impl FnOnce(&mut Function) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.look(scope, name, |function| {
            let outcome = change(function)?;
            keep(shelf, scope, function)?;
            Ok(outcome)
        })
    }

    /// Deletes one.
    pub(super) fn remove(&self, shelf: &Shelf, scope: &Scope, name: &str) -> Result<(), ApiError> {
        let cell = self.cell(scope, name).ok_or_else(|| missing(scope, name))?;
        {
            let mut place = cell.lock();
            if place.is_none() {
                return Err(missing(scope, name));
            }
            shelf.delete(KIND, &[&scope.account, &scope.region, name])?;
            *place = None;
        }
        let mut all = self.by_scope.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(named) = all.get_mut(scope)
            // A new one may have been made meanwhile.
            && named.get(name).is_some_and(|now| Arc::ptr_eq(now, &cell))
        {
            named.remove(name);
        }
        Ok(())
    }

    /// At most `count` from `name` on, in the order of their names.
    pub(super) fn from(&self, scope: &Scope, name: &str, count: usize) -> Vec<(Box<str>, Arc<Cell>)> {
        let all = self.by_scope.read().unwrap_or_else(PoisonError::into_inner);
        let Some(named) = all.get(scope) else { return Vec::new() };
        let from = named.range::<str, _>((std::ops::Bound::Included(name), std::ops::Bound::Unbounded));
        from.take(count).map(|(name, cell)| (name.clone(), Arc::clone(cell))).collect()
    }

    /// Puts every function of that name to sleep, whatever its account and Region; how many there were.
    pub(crate) fn idle(&self, name: &str, now: crate::clock::Millis) -> usize {
        let all = self.by_scope.read().unwrap_or_else(PoisonError::into_inner);
        let cells = all.values().filter_map(|named| named.get(name));
        cells
            .filter_map(|cell| {
                cell.look(|function| {
                    function.latest.idle(now);
                    function.versions.values_mut().for_each(|version| version.idle(now));
                })
            })
            .count()
    }

    fn cell(&self, scope: &Scope, name: &str) -> Option<Arc<Cell>> {
        let all = self.by_scope.read().unwrap_or_else(PoisonError::into_inner);
        all.get(scope)?.get(name).map(Arc::clone)
    }
}

fn missing(scope: &Scope, name: &str) -> ApiError {
    ApiError::not_found(format!("Function not found: {}", arn::arn(scope, name)))
}

fn keep(shelf: &Shelf, scope: &Scope, function: &Function) -> Result<(), Error> {
    shelf.save(KIND, &[&scope.account, &scope.region, function.name()], function)
}
