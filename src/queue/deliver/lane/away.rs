//! Parts that leave a route without having been given to it: for its fallback,
//! or because it is in the configuration no more.

use super::{Item, Lane};
use crate::queue::deliver::judge::Policy;
use crate::queue::deliver::{AT_HAND, Deliverer, Due, now};
use crate::queue::store::name::Name;
use crate::queue::work::Millis;

impl Deliverer<'_> {
    /// Parts that have waited long enough for a route that cannot work go to
    /// its fallback. Says whether there were any.
    pub(in crate::queue::deliver) fn hand_over_late(&mut self) -> bool {
        let mut moved_on = Vec::new();
        let mut waited = Vec::new();
        for (route, table) in &self.setup.config.tables().route {
            let route = route.as_str();
            let rests = self.lanes.get(route).is_some_and(Lane::rests);
            let policy = Policy::of(table);
            let (true, Some(after), true) = (rests, policy.after, policy.fallback.is_some()) else {
                continue;
            };
            let after = Millis::try_from(after.as_millis()).unwrap_or(Millis::MAX);
            let due = self.due.get(route);
            let names = due.into_iter().flatten().map(|Due(name)| name);
            let names = names.filter(|name| name.due.saturating_add(after) <= now());
            waited.extend(names.take(AT_HAND).cloned());
        }
        for name in waited {
            self.unshelve(&name);
            self.open(&name);
        }
        for (route, mut lane) in std::mem::take(&mut self.lanes) {
            let table = self.setup.config.route(&route);
            let policy = table.filter(|_| lane.rests()).map(Policy::of);
            if let Some(policy) = policy {
                for item in std::mem::take(&mut lane.queue) {
                    let place = item.place;
                    let moved = self
                        .part_mut(place)
                        .is_some_and(|part| policy.take_over_if_late(part, now()));
                    if moved {
                        self.drop_item(place);
                        if let Some(job) = self.jobs.get_mut(&place.job) {
                            job.dirty = true;
                        }
                        moved_on.push(place.job);
                    } else {
                        lane.queue.insert(item);
                    }
                }
            }
            self.join(&route, &mut lane);
            self.lanes.insert(route, lane);
        }
        for job in &moved_on {
            self.go_on(*job);
        }
        !moved_on.is_empty()
    }

    /// Jobs that nothing but a route that rests keeps open wait in `wait/`, so
    /// that no number of them is in anybody's way.
    pub(in crate::queue::deliver) fn set_down(&mut self) {
        let mut jobs = Vec::new();
        for (route, mut lane) in std::mem::take(&mut self.lanes) {
            if lane.rests() && !lane.waits && lane.running.is_none() {
                for item in std::mem::take(&mut lane.queue) {
                    if self.is_only_for(&route, item.place.job) {
                        self.drop_item(item.place);
                        jobs.push(item.place.job);
                    } else {
                        lane.queue.insert(item);
                    }
                }
            }
            self.lanes.insert(route, lane);
        }
        for job in jobs {
            self.conclude(job);
        }
    }

    /// Does this route alone keep the job open?
    fn is_only_for(&self, route: &str, job: u64) -> bool {
        self.jobs.get(&job).is_some_and(|job| {
            let parts = &job.active.work.parts;
            let mut held = job.held.iter().filter_map(|at| parts.get(*at));
            job.asides == 0 && job.unsettled == 0 && held.all(|part| part.route() == Some(route))
        })
    }

    fn unshelve(&mut self, name: &Name) {
        let route = name.route.clone().unwrap_or_default();
        if let Some(due) = self.due.get_mut(&route) {
            due.remove(&Due(name.clone()));
        }
    }

    /// What waits for routes that are in the configuration no more finds others.
    pub(in crate::queue::deliver) fn leave_routes(&mut self) {
        let config = &self.setup.config;
        let gone = |(route, _): &(&String, &mut Lane)| config.route(route).is_none();
        let lanes = self.lanes.iter_mut().filter(gone);
        let queues = lanes.map(|(_, lane)| std::mem::take(&mut lane.queue));
        let items: Vec<Item> = queues.flatten().collect();
        for item in items {
            self.drop_item(item.place);
            self.go_on(item.place.job);
        }
    }
}
