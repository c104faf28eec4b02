"""What a day, a look at a home, and the command line would load: imported once, before anything is forked."""

from __future__ import annotations

import langchain_openai  # noqa: F401
import uvicorn  # noqa: F401

import metahuman.cli.audit
import metahuman.cli.dataset
import metahuman.cli.memory
import metahuman.cli.persona
import metahuman.cli.status
import metahuman.cli.tasks
import metahuman.cli.usage
import metahuman.curating
import metahuman.digesting
import metahuman.models.providers.openai
import metahuman.server.app  # noqa: F401
import tests.faults.work  # noqa: F401
