"""The guide of an export: its README, and the scripts that it names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from workernb.runtime.services.definitions import Definition
from workernb.wrangler.config import LIMITS

from .order import Order
from .project import Project, own_limits
from .stubs import FOLDER
from .workerd import secret_variable


def package_json(projects: Sequence[Project]) -> str:
    """Return a package.json with Wrangler, whose script `dev` runs all Workers together."""
    content = {
        "private": True,
        "scripts": {"dev": f"wrangler dev {_configs(projects)}"},
        "devDependencies": {"wrangler": "^4"},
    }
    return json.dumps(content, indent=2) + "\n"


def _configs(projects: Sequence[Project]) -> str:
    """Return the options that name all configurations; a public Worker first: it gets the port."""
    in_order = sorted(projects, key=lambda each: (not each.top.routes, each.name))
    return " ".join(f"-c {each.name}/wrangler.jsonc" for each in in_order)


def guide(projects: Sequence[Project], order: Order) -> str:
    """Return the README of an export."""
    return "\n".join([*_head(projects), *_deployment(projects, order), *_left_out(projects), ""])


def _head(projects: Sequence[Project]) -> Iterator[str]:
    yield "# Workers\n"
    yield "Exported by workernb: one Wrangler project in each folder.\n"
    for project in projects:
        environments = ", ".join(sorted(project.environments))
        yield f"- `{project.name}`" + (f" (environments: {environments})" if environments else "")
    yield "\n## Run them together\n\n```\nnpm install\nnpm run dev\n```\n"
    if any(project.is_python for project in projects):
        yield (
            "The packages that a Python Worker needs are in its pyproject.toml: "
            "`uv run pywrangler sync` in its folder fetches them first.\n"
        )
    yield (
        "`workerd serve workerd.capnp --experimental` runs without Wrangler what workerd has by "
        "itself: services, vars and secrets.\n"
    )
    variables = [
        f"`{secret_variable(each.name, name)}`"
        for project in projects
        for each in project.definitions
        for name in sorted(each.secrets)
    ]
    if variables:
        yield f"It takes secrets from the environment: {', '.join(variables)}.\n"


def _deployment(projects: Sequence[Project], order: Order) -> Iterator[str]:
    """Yield the commands in the order in which a Worker finds all that it is bound to."""
    yield "## Deploy them\n\nIn this order, so that each finds what it is bound to:\n\n```"
    by_service = {each.name: (p, each) for p in projects for each in p.definitions}
    for service in order.stubs:
        yield f"npx wrangler deploy -c {FOLDER}/{service}/wrangler.jsonc"
    for service in order.services:
        project, definition = by_service[service]
        options = _options(project, definition)
        yield f"npx wrangler deploy {options}"
        for name in sorted(definition.secrets):
            yield f"npx wrangler secret put {name} {options}"
    yield "```\n"
    if order.stubs:
        yield (
            f"{', '.join(order.stubs)} and others need each other: a stub that answers 503 is "
            "deployed first, and replaced.\n"
        )


def _options(project: Project, definition: Definition) -> str:
    environment = definition.environment
    return f"-c {project.name}/wrangler.jsonc" + (f" --env {environment}" if environment else "")


def _left_out(projects: Sequence[Project]) -> Iterator[str]:
    """Yield what the projects do not have, since Wrangler has no place for it."""
    lines = [
        f"- `{definition.name}`: {', '.join(left)}"
        for project in projects
        for definition in project.definitions
        if (left := left_out(definition))
    ]
    if lines:
        yield "## What stayed in the notebook\n\nWrangler's configuration has no place for:\n"
        yield from lines


def left_out(definition: Definition) -> list[str]:
    """Return the settings of a definition that Wrangler's configuration has no place for."""
    left = [f"limit {name}={value:g}" if isinstance(value, float) else f"limit {name}={value}"
            for name, value in own_limits(definition).items()
            if name not in LIMITS]  # fmt: skip
    if definition.origin is not None:
        left.append(f"origin {definition.origin}")
    if definition.tag is not None:
        left.append(f"tag {definition.tag}")
    return left
