#!/usr/bin/env -S python3 -B
"""Where a passphrase typed into the real window is: in locked memory until it was handed over, then
nowhere in the prompt nor in the agent that asked. docs/SECURITY.md says what is not promised.
tests/run: alone
"""
import shutil
import subprocess
import sys
import time

from cli_world import BUILD, Skip, check, equal, run_test
from prompt_window import Display, Prompt
from secret_search import PHRASE, found_in, found_in_files, found_in_process_tables, held_at_its_end
from test_agent_window import WindowWorld
