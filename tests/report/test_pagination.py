from dataclasses import dataclass

from superlens.report.pagination import Piece, paginate


def piece(height: float, **settings) -> Piece:
    return Piece(height, lambda x, y: None, **settings)


@dataclass(frozen=True)
class Rows:
    count: int

    def piece(self) -> Piece:
        return piece(10.0 * self.count, divisible=self)

    def cut(self, room: float):
        fit = min(int(room // 10), self.count)
        rest = self.count - fit
        return (Rows(fit).piece() if fit else None), (Rows(rest).piece() if rest else None)


def heights(pages) -> list[list[float]]:
    return [[placed.piece.height for placed in page] for page in pages]


def test_pieces_fill_a_page_and_go_on_to_the_next():
    pages = paginate([piece(40), piece(40), piece(40)], 100)

    assert heights(pages) == [[40, 40], [40]]


def test_gap_is_left_out_at_the_top_of_a_page():
    pages = paginate([piece(90, gap=20), piece(50, gap=20)], 100)

    assert [page[0].y for page in pages] == [0, 0]


def test_head_stays_with_what_follows():
    pages = paginate([piece(70), piece(20, is_kept_with_next=True), piece(30)], 100)

    assert heights(pages) == [[70], [20, 30]]


def test_separator_vanishes_at_the_top_of_a_page():
    pages = paginate([piece(70), piece(1, is_separator=True), piece(60)], 100)

    assert heights(pages) == [[70], [60]]


def test_long_rows_run_over_pages_without_loss():
    pages = paginate([piece(35), Rows(25).piece(), piece(15)], 100)

    assert heights(pages) == [[35, 60], [100], [90], [15]]


def test_piece_at_the_foot_stands_at_the_bottom():
    pages = paginate([piece(30), piece(20, is_at_foot=True)], 100)

    assert pages[0][1].y == 80


def test_piece_higher_than_a_page_gets_a_page_of_its_own():
    pages = paginate([piece(10), piece(150), piece(10)], 100)

    assert heights(pages) == [[10], [150], [10]]
