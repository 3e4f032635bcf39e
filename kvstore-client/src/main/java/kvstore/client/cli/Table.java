package kvstore.client.cli;

import java.util.ArrayList;
import java.util.List;

/** Text in aligned columns, two blanks between them. */
public final class Table {
    private final List<List<String>> rows = new ArrayList<>();

    /** A row; every row has as many cells as the first. */
    public Table add(Object... cells) {
        List<String> row = new ArrayList<>(cells.length);
        for (Object cell : cells) {
            row.add(String.valueOf(cell));
        }
        rows.add(row);
        return this;
    }

    /** The rows, each with a line end. No blanks at the end of a line. */
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < row.size(); column++) {
                String cell = row.get(column);
                line.append(cell).repeat(' ', width(column) - cell.length() + 2);
            }
            out.append(line.toString().stripTrailing()).append('\n');
        }
        return out.toString();
    }

    private int width(int column) {
        return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
    }
}
