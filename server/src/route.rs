//! Where requests go: one table from which the router, 404, 405 and the permission matrix derive.

use ccc_core::refusal::Refusal;
use ccc_protocol::bodies::ProblemType;

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// How it is asked for.
    pub method: Verb,
    /// Segments of the path; `{…}` stands for any one.
    pub path: &'static str,
    /// Who may ask. The desk checks it; this is what the permission matrix holds it to.
    pub who: Who,
    /// The function that answers, by name.
    pub endpoint: Endpoint,
}

/// The two methods there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Changes nothing.
    Get,
    /// Changes something; its nonce is part of the change.
    Post,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Whoever signs.
    AnyUser,
    /// The submitter of the ticket, and who may approve it.
    Seer,
    /// The submitter of the ticket.
    Submitter,
    /// Who may approve for the user whom it is about.
    Approver,
    /// Who may approve for anybody.
    AnyApprover,
}

/// What answers a request, each named after its path in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    Submit,
    Actions,
    Queue,
    Ticket,
    Preview,
    Approve,
    Deny,
    Edit,
    Cancel,
    Lift,
    Stop,
    Grants,
    Revoke,
    Policies,
    SetGroup,
    SetPolicy,
    Freeze,
    Audit,
    Events,
    Outputs,
}

const fn route(method: Verb, path: &'static str, who: Who, endpoint: Endpoint) -> Route {
    Route { method, path, who, endpoint }
}

/// Every path that needs a signature. `GET /health` is the one that does not, and is answered before this.
pub const ROUTES: &[Route] = &[
    route(Verb::Post, "/action", Who::AnyUser, Endpoint::Submit),
    route(Verb::Get, "/queue", Who::AnyUser, Endpoint::Queue),
    route(Verb::Get, "/queue/{id}", Who::Seer, Endpoint::Ticket),
    route(Verb::Get, "/queue/{id}/preview", Who::Approver, Endpoint::Preview),
    route(Verb::Post, "/queue/{id}/approve", Who::Approver, Endpoint::Approve),
    route(Verb::Post, "/queue/{id}/deny", Who::Approver, Endpoint::Deny),
    route(Verb::Post, "/queue/{id}/edit", Who::Approver, Endpoint::Edit),
    route(Verb::Post, "/queue/{id}/cancel", Who::Submitter, Endpoint::Cancel),
    route(Verb::Post, "/queue/{id}/lift", Who::Approver, Endpoint::Lift),
    route(Verb::Post, "/queue/{id}/stop", Who::Approver, Endpoint::Stop),
    route(Verb::Get, "/actions", Who::AnyUser, Endpoint::Actions),
    route(Verb::Get, "/grants", Who::AnyApprover, Endpoint::Grants),
    route(Verb::Post, "/grants/{id}/revoke", Who::Approver, Endpoint::Revoke),
    route(Verb::Get, "/policies", Who::AnyApprover, Endpoint::Policies),
    route(Verb::Post, "/policies/group/{group}", Who::AnyApprover, Endpoint::SetGroup),
    route(Verb::Post, "/policies/action/{action}", Who::AnyApprover, Endpoint::SetPolicy),
    route(Verb::Post, "/freeze", Who::AnyApprover, Endpoint::Freeze),
    route(Verb::Get, "/audit", Who::AnyApprover, Endpoint::Audit),
    route(Verb::Get, "/events", Who::AnyUser, Endpoint::Events),
    route(Verb::Post, "/outputs", Who::AnyUser, Endpoint::Outputs),
];

/// A path that was found, with what its `{…}` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    pub route: &'static Route,
    /// The one segment that the path leaves open; empty where it leaves none.
    pub name: &'a str,
}

/// Finds what answers.
///
/// # Errors
/// 404 for a path that is not in the table, 405 for one that is, with another method.
pub(crate) fn find<'a>(method: &str, path: &'a str) -> Result<Found<'a>, Refusal> {
    let mut elsewhere = None;
    for route in ROUTES {
        if let Some(name) = matched(route.path, path) {
            if route.method.as_str() == method {
                return Ok(Found { route, name });
            }
            elsewhere = Some(route.method);
        }
    }
    Err(match elsewhere {
        Some(other) => Refusal::new(ProblemType::Method, format!("this path takes {} requests alone", other.as_str())),
        None => Refusal::new(ProblemType::NotFound, "there is no such path"),
    })
}

/// Matches a path with a pattern; gives what stands at the open segment.
fn matched<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let Some((before, rest)) = pattern.split_once('{') else {
        return (pattern == path).then_some("");
    };
    let after = rest.split_once('}').map_or("", |(_, after)| after);
    let name = path.strip_prefix(before)?.strip_suffix(after)?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

impl Verb {
    /// As it stands in a request.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0198e6a2-7b1c-7d3e-8f40-5a6b7c8d9e0f";

    #[test]
    fn every_line_of_the_table_is_found_and_with_the_other_method_it_is_405() {
        for route in ROUTES {
            let path = filled(route.path);
            let found = find(route.method.as_str(), &path).unwrap();
            assert_eq!(found.route, route);
            assert_eq!(found.name, if route.path.contains('{') { ID } else { "" });
            let other = if route.method == Verb::Get { "POST" } else { "GET" };
            assert_eq!(find(other, &path).unwrap_err().kind, ProblemType::Method, "{path}");
        }
    }

    #[test]
    fn nothing_else_is_found() {
        for path in [
            "/", "", "/actio", "/action/", "/actionx", "/queue/", "/queue//preview", "/queue/a/b",
            "/queue/a/preview/x", "/grants/a", "/policies/group", "/policies/group/a/b", "/ACTION",
        ] {
            assert_eq!(find("GET", path).unwrap_err().kind, ProblemType::NotFound, "{path}");
        }
    }

    #[test]
    fn no_two_lines_answer_the_same_request() {
        for (at, route) in ROUTES.iter().enumerate() {
            let path = filled(route.path);
            let others = ROUTES.iter().enumerate().filter(|(other, _)| *other != at);
            for (_, other) in others {
                assert!(
                    other.method != route.method || matched(other.path, &path).is_none(),
                    "{path} is also {}",
                    other.path
                );
            }
        }
    }

    fn filled(path: &str) -> String {
        path.split('/').map(|segment| if segment.starts_with('{') { ID } else { segment }).collect::<Vec<_>>().join("/")
    }
}
