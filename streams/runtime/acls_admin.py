"""Who may read what on our own cluster: the ACLs of partners whose topic lies there."""

from collections.abc import Collection
from typing import Any, Literal, NamedTuple

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from streams.contracts.settings import Settings
from streams.runtime import clients
from streams.runtime.reading import PATIENCE_S, Unavailable

ANYWHERE = "*"
_KINDS = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP}
_OPERATIONS = {"read": AclOperation.READ, "describe": AclOperation.DESCRIBE}


class Permit(NamedTuple):
    """`principal` (as in User:acme) may do this with the topic, or with every group whose name begins with `name`."""

    principal: str
    kind: Literal["topic", "group"]
    name: str
    operation: Literal["read", "describe"]

    def __str__(self) -> str:
        return f"{self.principal} may {self.operation} {self.kind} {self.name}{'*' if self.kind == 'group' else ''}"


class AclsAdmin:
    """In the cluster's names. Methods raise Unavailable where the cluster does not answer, or refuses."""

    def __init__(self, settings: Settings) -> None:
        self._admin: Any = clients.admin(settings)

    def standing(self) -> set[Permit] | None:
        """Every permit of the kind that we give; None where the cluster has no authorizer."""
        whoever: Any = None
        of_all = AclBindingFilter(
            ResourceType.ANY, whoever, ResourcePatternType.ANY, whoever, whoever, AclOperation.ANY,
            AclPermissionType.ALLOW,
        )  # fmt: skip
        try:
            found = self._admin.describe_acls(of_all, request_timeout=PATIENCE_S).result()
        except KafkaException as error:
            if error.args[0].code() == KafkaError.SECURITY_DISABLED:
                return None
            raise _refused(error) from error
        return {permit for binding in found if (permit := _permit(binding)) is not None}

    def allow(self, permits: Collection[Permit]) -> None:
        self._settle(self._admin.create_acls([_binding(each) for each in permits]) if permits else {})

    def revoke(self, permits: Collection[Permit]) -> None:
        self._settle(self._admin.delete_acls([_binding(each, AclBindingFilter) for each in permits]) if permits else {})

    def _settle(self, asked: dict[Any, Any]) -> None:
        for future in asked.values():
            try:
                future.result(PATIENCE_S)
            except KafkaException as error:
                raise _refused(error) from error


def _binding(permit: Permit, form: Any = AclBinding) -> Any:
    pattern = ResourcePatternType.PREFIXED if permit.kind == "group" else ResourcePatternType.LITERAL
    kind, operation = _KINDS[permit.kind], _OPERATIONS[permit.operation]
    return form(kind, permit.name, pattern, permit.principal, ANYWHERE, operation, AclPermissionType.ALLOW)


def _permit(binding: Any) -> Permit | None:
    """None for what is no permit of ours: of another kind, pattern, operation or host."""
    kinds = [name for name, kind in _KINDS.items() if kind == binding.restype]
    operations = [name for name, operation in _OPERATIONS.items() if operation == binding.operation]
    if not kinds or not operations:
        return None
    permit = Permit(binding.principal, kinds[0], binding.name, operations[0])  # type: ignore[arg-type]
    return permit if _binding(permit) == binding else None


def _refused(error: KafkaException) -> Unavailable:
    return Unavailable(f"the cluster does not tell or take ACLs: {error.args[0].str()}")
