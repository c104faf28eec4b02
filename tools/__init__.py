"""The operator's tools, the policy that rules on every call, and the one gate through which calls are made."""
