"""What became of a unit from one vintage to the next."""

import pandas as pd

from geo.db import statement


def list_predecessors(connection, vintage):
    """The communes of older vintages that went whole into one of `vintage`: old_vintage, old_code, old_name, code.

    vintage: a geo.units.Vintage; code: of the commune that holds them now.
    """
    found = connection.execute(statement("list_predecessors"), {"vintage": vintage.id})
    return pd.DataFrame(found.all(), columns=list(found.keys()))
