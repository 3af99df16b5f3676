"""Mutation and branch coverage over the parts on which a patient's safety rests.

python -m tools.mutation campaign [--area NAME] [--shard I/N]
python -m tools.mutation gate
python -m tools.mutation coverage

A mutant is the program with one small change. Its tests must notice: a mutant that makes them fail
or hang is killed, another one survives and is judged by a person in
docs/reference/mutation-survivors.toml. Needs ``fork``: Linux or macOS.
"""
