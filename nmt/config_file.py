"""A config on disk: read YAML, apply `--set` overrides, make paths absolute, validate, save."""

import difflib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import ValidationError

from nmt.atomic import write_text
from nmt.config import DATA_ROOT_VARIABLE, Config, Section
from nmt.errors import ConfigError
from nmt.shipped import shipped_folder, shipped_names


def find_config(name: str) -> Path:
    """Return the path of a config given as a path or as the name of a shipped one.

    Raises:
        ConfigError: neither exists.
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = shipped_folder("configs") / f"{name}.yaml"
    if shipped.is_file():
        return shipped
    raise ConfigError(f"no config {name!r}: expected a YAML file or one of the shipped configs ({', '.join(shipped_names('configs'))})")


def load_config(path: Path, overrides: list[str] | None = None) -> Config:
    """Read a YAML config, apply `section.key=value` overrides, validate, and make every path in it absolute.

    Paths in the YAML are relative to `data.root` if the file is there, else to the YAML's folder; paths in overrides are relative to
    the working directory.

    Raises:
        ConfigError: unreadable file, unknown key (with the nearest known one), or a value out of range.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"cannot read config {path}: {' '.join(str(error).split())}") from error
    if not isinstance(raw, dict):
        raise ConfigError(
            f"config {path} must be a mapping of sections (data, tokenizer, model, search, training), got {type(raw).__name__}"
        )
    return complete_config(raw, f"config {path}", path.parent, overrides)


def complete_config(raw: dict[str, Any], where: str, folder: Path, overrides: list[str] | None = None) -> Config:
    """Make a config of its tree as YAML has it: apply overrides, validate, make paths absolute.

    Args:
        raw: the tree, which is changed on the way.
        where: what an error calls it.
        folder: what paths in the tree are relative to, after `data.root`.
        overrides: `section.key=value`.

    Raises:
        ConfigError: unknown key (with the nearest known one), or a value out of range.
    """
    changed = _parse_overrides(overrides or [])
    root = _data_root(raw, changed, folder)
    _refuse_unknown_keys(raw, Config, where.removeprefix("config "))
    _absolute_paths(raw, Config, [root, folder] if root else [folder])
    for (section, *keys), value in changed:
        tree: dict[str, Any] = {section: value}
        if keys:
            for key in reversed(keys):
                value = {key: value}  # noqa: PLW2901
            tree = {section: value}
        _refuse_unknown_keys(tree, Config, "--set")
        _absolute_paths(tree, Config, [Path.cwd(), root, Path.cwd()] if root and keys[-1:] != ["root"] else [Path.cwd()])
        _merge(raw, tree)
    if root and isinstance(raw.get("data"), dict):
        raw["data"]["root"] = str(root)
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_one_line(error)}") from error


def changed_config(config: Config, sections: dict[str, Any], where: str) -> Config:
    """Return a config with some sections replaced, validated anew.

    Raises:
        ConfigError: the whole does not fit together; `where` is what the error calls it.
    """
    try:
        return Config.model_validate(config.model_dump() | sections)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_one_line(error)}") from error


def dump_config(config: Config) -> str:
    """Return the whole effective config, defaults included, as YAML."""
    return yaml.safe_dump(config.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True)


def save_config(config: Config, path: Path) -> None:
    """Write the whole effective config, defaults included, as YAML."""
    write_text(path, dump_config(config))


def _parse_overrides(overrides: list[str]) -> list[tuple[list[str], Any]]:
    parsed = []
    for item in overrides:
        key, equals, value = item.partition("=")
        if not equals or "." not in key:
            raise ConfigError(f"--set {item!r}: expected section.key=value, such as training.seed=2")
        try:
            parsed.append((key.strip().split("."), yaml.safe_load(value)))
        except yaml.YAMLError as error:
            raise ConfigError(f"--set {item!r}: the value is not YAML") from error
    return parsed


def _data_root(raw: dict[str, Any], changed: list[tuple[list[str], Any]], folder: Path) -> Path | None:
    for keys, value in reversed(changed):
        if keys == ["data", "root"] and value:
            return Path(str(value)).expanduser().absolute()
    data = raw.get("data")
    if isinstance(data, dict) and data.get("root"):
        return (folder / Path(str(data["root"])).expanduser()).absolute()
    variable = os.environ.get(DATA_ROOT_VARIABLE)
    return Path(variable).expanduser().absolute() if variable else None


def _section_of(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next(filter(None, map(_section_of, get_args(annotation))), None)


def _inner_sections(key: str, value: Any, annotation: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the mappings below a key that are sections, with their dotted names: the value itself, or each member of a list or mapping."""
    kinds = {get_origin(option) for option in (annotation, *get_args(annotation))}
    if isinstance(value, list):
        value = {str(place): member for place, member in enumerate(value)}
    elif not kinds & {dict, tuple}:
        value = {"": value}
    if isinstance(value, dict):
        yield from ((f"{key}.{name}".rstrip("."), member) for name, member in value.items() if isinstance(member, dict))


def _refuse_unknown_keys(tree: dict[str, Any], section: type[Section], where: str, prefix: str = "") -> None:
    for key, value in tree.items():
        if key not in section.model_fields:
            near = difflib.get_close_matches(str(key), section.model_fields, n=1, cutoff=0.4)
            hint = f"did you mean {prefix}{near[0]}?" if near else f"known here: {', '.join(section.model_fields)}"
            raise ConfigError(f"{where}: unknown key {prefix}{key}; {hint}")
        annotation = section.model_fields[key].annotation
        if inner := _section_of(annotation):
            for name, member in _inner_sections(key, value, annotation):
                _refuse_unknown_keys(member, inner, where, f"{prefix}{name}.")


def _absolute_paths(tree: dict[str, Any], section: type[Section], folders: list[Path]) -> None:
    for key, value in tree.items():
        annotation = section.model_fields[key].annotation
        if inner := _section_of(annotation):
            for _, member in _inner_sections(key, value, annotation):
                _absolute_paths(member, inner, folders)
        elif Path in get_args(annotation):
            tree[key] = [_absolute(one, folders) for one in value] if isinstance(value, list) else _absolute(value, folders)
        elif key == "corpus" and isinstance(value, str) and value.endswith((".yaml", ".yml")):
            tree[key] = _absolute(value, folders)


def _absolute(value: Any, folders: list[Path]) -> Any:
    if not isinstance(value, str):
        return value
    candidates = [(folder / Path(value).expanduser()).absolute() for folder in folders]
    return str(next((path for path in candidates if path.exists()), candidates[-1]))


def _merge(base: dict[str, Any], changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        elif isinstance(value, dict) and isinstance(base.get(key), list):
            _merge_members(base[key], value, key)
        else:
            base[key] = value


def _merge_members(members: list[Any], changes: dict[str, Any], key: str) -> None:
    """Change members of a list by their places, counted from 0: `--set data.mix.0.weight=2`."""
    for place, value in changes.items():
        if not str(place).isdecimal() or int(place) >= len(members):
            raise ConfigError(f"--set: {key} has {len(members)} members, {key}.0 to {key}.{len(members) - 1}; no {key}.{place}")
        if isinstance(value, dict) and isinstance(members[int(place)], dict):
            _merge(members[int(place)], value)
        else:
            members[int(place)] = value


def _one_line(error: ValidationError) -> str:
    problems = []
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        received = f" (received {item['input']!r})" if not isinstance(item["input"], dict) and item["type"] != "missing" else ""
        if item["type"] in {"string_type", "literal_error"} and isinstance(item["input"], bool):
            message += "; YAML reads a bare no, yes, on or off as true or false: put it in quotes"
        problems.append(f"{where + ': ' if where else ''}{message}{received}")
    return "; ".join(problems)
