"""The server inside LangGraph's own: `langgraph.json` names `app` under `http`."""

from __future__ import annotations

from metahuman.home import find_home
from metahuman.server.app import create_app
from metahuman.server.settings import HOST, STUDIO, Settings
from metahuman.server.tokens import find_token

#: Without METAHUMAN_TOKEN, it answers this machine only, whatever the other server listens at. The agents are left to
#: crons, `metahuman serve` or `metahuman agents run`.
app = create_app(find_home(), Settings(agents=False, token=find_token(find_home(), HOST), origins=STUDIO))
