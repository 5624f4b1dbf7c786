"""What a checker yields."""

from __future__ import annotations

from dataclasses import dataclass

from keras_acts.advice.checks.findings import Finding
from keras_acts.advice.checks.rules import RULES


@dataclass(frozen=True)
class Problem:
    """A rule that is broken.

    Attributes:
        rule: Its name.
        path: Where.
        message: How.
        severity: In place of the rule's; None for that.
    """

    rule: str
    path: str
    message: str
    severity: str | None = None

    def finding(self) -> Finding:
        """Return what the user is told."""
        rule = RULES[self.rule]
        return Finding(
            rule=rule.name,
            severity=self.severity or rule.severity,
            path=self.path,
            message=self.message,
            reason=rule.reason,
            sources=rule.sources,
            remedy=rule.remedy,
        )
