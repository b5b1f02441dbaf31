"""The description of the interface, made from its table of routes."""

import re
from collections.abc import Sequence

from starlette.routing import Route

from clamp3_plugin import __version__
from clamp3_plugin.daemon.refusals import STATUS
from clamp3_plugin.wire import JsonObject


def describe(routes: Sequence[Route]) -> JsonObject:
    """Describe the routes in OpenAPI 3.1."""
    paths: dict[str, JsonObject] = {}
    for route in routes:
        for method in sorted((route.methods or set()) - {"HEAD"}):
            paths.setdefault(route.path, {})[method.lower()] = _operation(route)
    error = {
        "type": "object",
        "required": ["code", "message", "hint"],
        "properties": {
            "code": {"enum": sorted(STATUS)},
            "message": {"type": "string"},
            "hint": {"type": "string"},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "clamp3", "version": __version__},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": {"type": "object", "properties": {"error": error}}},
        },
    }


def _operation(route: Route) -> JsonObject:
    names = re.findall(r"{(\w+)}", route.path)
    failure = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        "operationId": route.name,
        "summary": (route.endpoint.__doc__ or "").split("\n")[0],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ],
        "responses": {
            "200": {"description": "The answer."},
            "default": {"description": "An error.", "content": failure},
        },
    }
