"""`bridge check`: whether the bridge could do its work as it is configured; nothing is sent to find out.

`finding` is what each look brings; `certificates`, `network`, `queue_manager`, `aws` and `collector` are the
looks.
"""

from bridge.check.finding import Finding, Level
from bridge.check.looking import check

__all__ = ["Finding", "Level", "check"]
